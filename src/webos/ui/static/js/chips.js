/* Several short texts in one field: Enter or a comma adds one, Backspace takes the last back. */
export const Chips = {
  props: { modelValue: Array, inputId: String, describedBy: String, invalid: Boolean, required: Boolean },
  emits: ["update:modelValue", "leave"],
  template: `
    <div class="w-input w-chipinput" @click="$refs.input.focus()" @focusout="leave">
      <span v-for="(chip, index) in modelValue" :key="chip" class="w-chip">{{ chip }}
        <button type="button" :aria-label="'Remove ' + chip" @click.stop="remove(index)"><span class="w-icon" aria-hidden="true">close</span></button>
      </span>
      <input ref="input" type="text" autocomplete="off" v-model="typed" :id="inputId" :aria-required="String(required)"
        :aria-invalid="String(invalid)" :aria-describedby="describedBy" :placeholder="modelValue.length ? '' : 'Type and press Enter'"
        @keydown.enter.prevent="add" @keydown.backspace="back" @input="typed.endsWith(',') && add()">
    </div>`,
  data() {
    return { typed: "" };
  },
  methods: {
    add() {
      const fresh = this.typed.split(",").map((part) => part.trim());
      const all = [...this.modelValue, ...fresh.filter((part, at) => part && !this.modelValue.includes(part) && fresh.indexOf(part) === at)];
      this.typed = "";
      if (all.length !== this.modelValue.length) this.$emit("update:modelValue", all);
    },
    remove(index) {
      this.$emit("update:modelValue", this.modelValue.filter((_, at) => at !== index));
      this.$refs.input.focus();
    },
    back() {
      if (!this.typed && this.modelValue.length) this.remove(this.modelValue.length - 1);
    },
    leave(event) {
      if (this.$el.contains(event.relatedTarget)) return;
      this.add();
      this.$emit("leave");
    },
  },
};
