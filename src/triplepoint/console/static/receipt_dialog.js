// A receipt over the page, with an address of its own: opening and closing go into the browser's history, and back closes it.
const PLACE = "/receipts/";

export default {
  emits: ["open", "shut"],
  template: `
    <dialog ref="dialog" class="receipt" aria-labelledby="receipt-title" @close="closed" @click="press">
      <div class="sheet">
        <button type="button" class="close" @click="close">Close</button>
        <slot></slot>
      </div>
    </dialog>`,
  mounted() {
    addEventListener("popstate", this.travel);
  },
  unmounted() {
    removeEventListener("popstate", this.travel);
  },
  methods: {
    show(receipt) {
      const path = PLACE + encodeURIComponent(receipt);
      if (location.pathname !== path) history.pushState(null, "", path);
      document.title = "Receipt · Triplepoint";
      if (!this.$refs.dialog.open) this.$refs.dialog.showModal();
      this.$refs.dialog.scrollTop = 0;
    },
    close() {
      this.$refs.dialog.close();
    },
    closed() {
      if (location.pathname.startsWith(PLACE)) history.pushState(null, "", "/");
      document.title = "Now · Triplepoint";
      this.$emit("shut");
    },
    press(event) {
      if (event.target === this.$refs.dialog) this.close(); // the backdrop: the sheet covers all of the dialog's inside
    },
    travel() {
      if (location.pathname.startsWith(PLACE)) this.$emit("open", decodeURIComponent(location.pathname.slice(PLACE.length)));
      else if (this.$refs.dialog.open) this.close();
    },
  },
};
