// One value of a column, entered by the widget that fits its kind.
import { Combobox } from "webos/combobox";
import { request } from "./request.js";
import { localTime, parseTime } from "./cells.js";

let made = 0;

export const ValueInput = {
  props: { column: Object, modelValue: {}, label: String, url: String, invalid: Boolean, autofocus: Boolean },
  emits: ["update:modelValue", "done"],
  components: { Combobox },
  template: `
    <select v-if="column.kind === 'choice'" ref="input" class="w-input" :aria-label="label" :aria-invalid="String(!!invalid)" :value="index" @change="choose">
      <option v-if="column.optional || modelValue === null || modelValue === undefined" :value="-1">—</option>
      <option v-for="([value, text], at) in column.choices" :key="at" :value="at">{{ text }}</option>
    </select>
    <select v-else-if="column.kind === 'boolean'" ref="input" class="w-input" :aria-label="label" :value="String(modelValue)" @change="put(bools[$event.target.value])">
      <option v-if="column.optional || typeof modelValue !== 'boolean'" value="null">—</option>
      <option value="true">Yes</option><option value="false">No</option>
    </select>
    <combobox v-else-if="column.kind === 'link'" :model-value="chosen" :input-id="id" :described-by="id" :invalid="!!invalid" :required="false"
      :results="results" :aria-label="label" @search="search" @update:model-value="pick"></combobox>
    <input v-else ref="input" class="w-input" :type="type" :step="column.kind === 'integer' ? 1 : 'any'" :aria-label="label" :aria-invalid="String(!!invalid)" :value="shown"
      autocomplete="off" spellcheck="false" @input="type_" @keydown.enter="$emit('done')">`,
  data() {
    return { id: `w-value-${++made}`, results: null, bools: { true: true, false: false, null: null } };
  },
  computed: {
    index() {
      return this.column.choices.findIndex(([value]) => value === this.modelValue);
    },
    type() {
      return { integer: "number", float: "number", date: "date", datetime: "datetime-local" }[this.column.kind] ?? "text";
    },
    shown() {
      if (this.modelValue === null || this.modelValue === undefined) return "";
      return this.column.kind === "datetime" ? localTime(this.modelValue).replace(" ", "T") : this.modelValue;
    },
    chosen() {
      return this.modelValue ? { value: this.modelValue.id, label: this.modelValue.label } : null;
    },
  },
  mounted() {
    const input = this.$refs.input ?? this.$el.querySelector?.("input");
    if (this.column.kind === "link") input?.setAttribute("aria-label", this.label ?? "");
    if (this.autofocus) input?.focus();
  },
  methods: {
    put(value) {
      this.$emit("update:modelValue", value);
    },
    choose(event) {
      const at = Number(event.target.value);
      this.put(at < 0 ? null : this.column.choices[at][0]);
    },
    type_(event) {
      const text = event.target.value;
      if (["integer", "float"].includes(this.column.kind)) this.put(text === "" ? null : Number(text));
      else if (this.column.kind === "datetime") this.put(text === "" ? null : parseTime(text));
      else this.put(text === "" && (this.column.optional || this.column.kind !== "text") ? null : text);
    },
    pick(option) {
      this.put(option ? { id: option.value, label: option.label } : null);
    },
    async search({ query, request: number }) {
      try {
        const { options } = await request("GET", `${this.url}/links/${this.column.field}?q=${encodeURIComponent(query)}`);
        this.results = { request: number, options: options.map(({ id, label }) => ({ value: id, label })) };
      } catch {
        this.results = { request: number, options: [] };
      }
    },
  },
};
