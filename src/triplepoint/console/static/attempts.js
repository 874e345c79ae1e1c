// The live table of attempts. The server sends lines that are new or changed and the order of all; each frame is answered with
// `drawn` once it is on screen, and the server sends no other before. Vue escapes every text.
const ENDINGS = { "": "all", running: "running", finished: "finished", cancelled: "cancelled", trouble: "trouble" };

export default {
  emits: ["drawn", "turn", "pause", "open"],
  template: `
    <section class="attempts" aria-labelledby="attempts-title">
      <div class="head">
        <h2 id="attempts-title">Attempts</h2>
        <span class="note" role="status">{{ note }}</span>
        <div class="controls">
          <label>Model
            <select v-model="model" @change="turn">
              <option value="">all</option>
              <option v-for="name in choices" :key="name" :value="name">{{ name }}</option>
            </select>
          </label>
          <label>Outcome
            <select v-model="ending" @change="turn">
              <option v-for="(text, value) in endings" :key="value" :value="value">{{ text }}</option>
            </select>
          </label>
          <button type="button" class="pause" :aria-pressed="isPaused" @click="pause">{{ isPaused ? "Resume" : "Pause" }}</button>
        </div>
      </div>
      <table v-if="lines.length" role="table" aria-labelledby="attempts-title" :class="{ stale: isStale }">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader" class="time">Time, UTC</th>
            <th scope="col" role="columnheader" class="model">Asked → served</th>
            <th scope="col" role="columnheader" class="why">Why</th>
            <th scope="col" role="columnheader" class="number tokens">Tokens in + out</th>
            <th scope="col" role="columnheader" class="number price">Price</th>
            <th scope="col" role="columnheader" class="number first">First byte</th>
            <th scope="col" role="columnheader" class="number total">Whole</th>
            <th scope="col" role="columnheader" class="ending">Outcome</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          <tr v-for="line in lines" :key="line.key" role="row" :class="{ trouble: line.is_trouble }" @click="open(line, $event)">
            <th scope="row" role="rowheader" class="time">
              <a :href="'/receipts/' + line.receipt" :aria-label="'Receipt of ' + line.time + ', ' + line.asked">{{ line.time }}</a>
            </th>
            <td role="cell" class="model">{{ line.asked }}<template v-if="line.served !== null"><span class="arrow"> → </span><b>{{ line.served }}</b></template></td>
            <td role="cell" class="why" :title="line.why">{{ line.why }}</td>
            <td role="cell" class="number tokens" :title="line.tokens_hint">{{ line.tokens }}</td>
            <td role="cell" class="number price" :title="line.price_hint">{{ line.price }}</td>
            <td role="cell" class="number first">{{ line.first }}</td>
            <td role="cell" class="number total">{{ line.total }}</td>
            <td role="cell" class="ending"><span class="chip" :class="line.ending">{{ line.ending }}</span><span v-if="line.detail" class="detail" :title="line.detail">{{ line.detail }}</span></td>
          </tr>
        </tbody>
      </table>
      <div v-else-if="state === 'loading'" class="state" aria-busy="true">
        <p>Reading the ledger…</p>
        <div v-for="index in 5" :key="index" class="bone" aria-hidden="true"></div>
      </div>
      <div v-else-if="state === 'fault'" class="state">
        <p><strong>The ledger cannot be read.</strong></p>
        <p>The log of the control plane has the reason. It is tried again all the time.</p>
      </div>
      <div v-else-if="state === 'empty'" class="state">
        <p><strong>Nothing has been asked yet.</strong></p>
        <p>Each request appears here as it is routed, priced and metered. To see some:</p>
        <p><code>triplepoint demo</code> plays a few dozen prompts, <code>triplepoint chat</code> asks one.</p>
      </div>
      <div v-else class="state"><p>No attempt of this kind among the latest ones.</p><button type="button" @click="reset">Show all</button></div>
    </section>`,
  data() {
    return {
      lines: [], models: [], state: "loading", scope: "", isStale: false, isPaused: false, pausedAt: "",
      model: "", ending: "", endings: ENDINGS,
    };
  },
  computed: {
    choices() {
      return this.model && !this.models.includes(this.model) ? [this.model, ...this.models] : this.models;
    },
    note() {
      return this.isPaused ? `paused at ${this.pausedAt} UTC` : this.scope;
    },
  },
  created() {
    this.known = new Map(); // not reactive: lines never change, others take their place
  },
  methods: {
    show(frame) {
      if (frame.order !== null) {
        const sent = new Map(frame.lines.map((line) => [line.key, line]));
        const lines = frame.order.map((key) => sent.get(key) ?? this.known.get(key));
        this.known = new Map(lines.map((line) => [line.key, line]));
        this.lines = Object.freeze(lines.map(Object.freeze));
      }
      Object.assign(this, { state: frame.state, scope: frame.scope, isStale: frame.is_stale });
      if (frame.models !== null) this.models = frame.models;
      this.$nextTick(() => requestAnimationFrame(() => this.$emit("drawn", frame.number)));
    },
    pause() {
      this.isPaused = !this.isPaused;
      this.pausedAt = new Date().toISOString().slice(11, 19);
      this.$emit("pause", this.isPaused);
    },
    turn() {
      this.$emit("turn", this.model, this.ending);
    },
    reset() {
      Object.assign(this, { model: "", ending: "" });
      this.turn();
    },
    open(line, event) {
      if (event.metaKey || event.ctrlKey || event.shiftKey || String(getSelection()) !== "") return;
      event.preventDefault();
      this.$emit("open", line.receipt);
    },
  },
};
