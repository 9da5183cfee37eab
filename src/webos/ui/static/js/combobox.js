/* A text field that searches records on the server and keeps the id of the chosen one. */
let requests = 0;
const WAIT = 120;

export const Combobox = {
  props: { modelValue: Object, inputId: String, describedBy: String, invalid: Boolean, required: Boolean, results: Object },
  emits: ["update:modelValue", "search", "leave"],
  template: `
    <div class="w-combo" @focusout="leave">
      <input class="w-input" type="text" role="combobox" autocomplete="off" spellcheck="false" ref="input" :id="inputId" :value="text"
        :aria-expanded="String(open)" :aria-controls="inputId + '-list'" aria-autocomplete="list" :aria-required="String(required)"
        :aria-invalid="String(invalid)" :aria-describedby="describedBy" placeholder="Type to search"
        :aria-activedescendant="open && options.length ? inputId + '-' + at : undefined"
        @input="type" @focus="search" @click="search" @keydown="onKey" @blur="settle">
      <button v-if="modelValue" type="button" class="w-iconbutton w-combo__clear" aria-label="Clear" @click="choose(null)">
        <span class="w-icon" aria-hidden="true">close</span></button>
      <ul v-show="open" class="w-combo__list" role="listbox" :id="inputId + '-list'" aria-label="Results">
        <li v-for="(option, index) in options" :key="option.value" role="option" :id="inputId + '-' + index"
          :aria-selected="String(index === at)" @pointermove="at = index" @pointerdown.prevent="choose(option)">{{ option.label }}</li>
        <li v-if="!options.length" class="w-combo__none" role="option" aria-selected="false" aria-disabled="true">{{ waiting ? "Searching…" : "Nothing found" }}</li>
      </ul>
    </div>`,
  data() {
    return { typed: null, open: false, options: [], at: 0, waiting: false, request: 0 };
  },
  computed: {
    text() {
      return this.typed ?? this.modelValue?.label ?? "";
    },
  },
  watch: {
    results(answer) {
      if (answer?.request !== this.request) return; // of an earlier keystroke
      this.options = answer.options;
      this.at = 0;
      this.waiting = false;
    },
  },
  unmounted() {
    clearTimeout(this.timer);
  },
  methods: {
    type(event) {
      this.typed = event.target.value;
      this.search();
    },
    search() {
      this.open = true;
      this.waiting = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.request = ++requests;
        this.$emit("search", { query: (this.typed ?? "").trim(), request: this.request });
      }, WAIT);
    },
    choose(option) {
      this.typed = null;
      this.open = false;
      clearTimeout(this.timer);
      this.$emit("update:modelValue", option);
      if (option === null) this.$refs.input.focus();
    },
    onKey(event) {
      if (event.key === "Escape" && this.open) {
        event.stopPropagation();
        this.open = false;
      } else if (event.key === "Enter" && this.open) {
        event.preventDefault();
        if (this.options[this.at]) this.choose(this.options[this.at]);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!this.open) this.search();
        else if (this.options.length)
          this.at = (this.at + (event.key === "ArrowDown" ? 1 : -1) + this.options.length) % this.options.length;
        document.getElementById(`${this.inputId}-${this.at}`)?.scrollIntoView({ block: "nearest" });
      }
    },
    settle() {
      clearTimeout(this.timer);
      this.open = false;
      if (this.typed === "") this.$emit("update:modelValue", null);
      this.typed = null; // what was typed but not chosen is no value
    },
    leave(event) {
      if (!this.$el.contains(event.relatedTarget)) this.$emit("leave");
    },
  },
};
