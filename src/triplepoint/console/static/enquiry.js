// The form that asks what would become of a request. Emits `ask` with what was entered; the server answers with `done`. Vue escapes
// every text, and what was typed stays in the page: it is in no address and in no storage.
const KINDS = { "": "a prompt", chat: "a chat completions body", responses: "a responses body", messages: "a messages body" };

export default {
  props: { models: Array, customers: Array, takesThrift: Boolean, usualThrift: Number, longest: Number },
  emits: ["ask"],
  template: `
    <form class="enquiry" aria-labelledby="enquiry-title" @submit.prevent="ask">
      <label class="words"><span>{{ kind ? "The request's body, JSON" : "What a user would ask" }}</span>
        <textarea v-model="text" rows="4" required spellcheck="false" :maxlength="longest" @keydown.enter.ctrl="submit" @keydown.enter.meta="submit"></textarea>
      </label>
      <div class="options">
        <label><span>It is</span>
          <select v-model="kind"><option v-for="(name, value) in kinds" :key="value" :value="value">{{ name }}</option></select>
        </label>
        <label><span>Customer</span>
          <input v-model="customer" list="enquiry-customers" autocomplete="off" placeholder="nobody's plan" maxlength="128">
          <datalist id="enquiry-customers"><option v-for="name in customers" :key="name" :value="name"></option></datalist>
        </label>
        <label><span>Of each quota used, %</span>
          <input v-model="used" type="number" min="0" max="1000" :disabled="!customer" placeholder="left aside">
        </label>
        <label><span>Last answer by</span>
          <select v-model="before"><option value="">nobody: a new conversation</option><option v-for="name in models" :key="name" :value="name">{{ name }}</option></select>
        </label>
        <label class="tags"><span>Tags</span><input v-model="tags" placeholder="task=maths, team=red" autocomplete="off" maxlength="2000"></label>
        <div v-if="takesThrift" class="thrift" role="group" aria-label="Thrift">
          <label><input v-model="isTurned" type="checkbox"> Turn thrift</label>
          <label class="dial"><span class="kind">quality</span><input v-model.number="thrift" type="range" min="0" max="100" aria-label="Thrift, 0 quality to 100 cheapest" :disabled="!isTurned"><span class="kind">cheapest</span></label>
          <output>{{ isTurned ? thrift : "the plan's, else " + usualThrift }}</output>
        </div>
        <p v-else class="hint thrift">This router has no thrift dial.</p>
      </div>
      <div class="go">
        <button type="submit" class="main" ref="go" :disabled="isBusy">Explain</button>
        <span class="note" role="status">{{ note }}</span>
      </div>
    </form>`,
  data() {
    return {
      kinds: KINDS, kind: "", text: "", customer: "", used: "", before: "", tags: "", isTurned: false, thrift: this.usualThrift ?? 50,
      isBusy: false, note: "Nothing is sent to any model, and nothing of it is kept.",
    };
  },
  methods: {
    submit() {
      if (!this.isBusy) this.$refs.go.form.requestSubmit();
    },
    ask() {
      if (this.isBusy) return;
      Object.assign(this, { isBusy: true, note: "Working it out…" });
      this.$emit("ask", {
        text: this.text,
        kind: this.kind || null,
        customer: this.customer.trim(),
        used: this.customer.trim() && this.used !== "" ? Number(this.used) : null,
        before: this.before,
        tags: this.tags,
        thrift: this.takesThrift && this.isTurned ? this.thrift : null,
      });
    },
    done(note) {
      Object.assign(this, { isBusy: false, note });
    },
  },
};
