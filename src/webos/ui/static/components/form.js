/* A form made from a model. What is typed stays in the browser until it is saved, also over a reload. */
import { Chips } from "webos/chips";
import { Combobox } from "webos/combobox";

const copy = (value) => JSON.parse(JSON.stringify(value));
const PATIENCE = 20_000;

const pad = (number) => String(number).padStart(2, "0");

/** A moment with its zone, as the local time the browser's field shows. */
function toLocal(iso) {
  const date = new Date(iso);
  if (!iso || isNaN(date)) return "";
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function initial(fields) {
  return Object.fromEntries(
    fields.map(({ name, type, value }) => [name, type === "datetime-local" ? toLocal(value) : copy(value)]),
  );
}

export default {
  props: { name: String, fields: String, submitLabel: String, draft: String },
  emits: ["check", "save", "search"],
  components: { Chips, Combobox },
  template: `
<form class="w-form" novalidate :aria-label="name" @submit.prevent="submit">
  <div v-if="problem" class="w-notice w-notice--error" role="alert">
    <span class="w-icon" aria-hidden="true">error</span>
    <div class="w-notice__body"><strong>{{ problem.title }}</strong><p v-if="problem.detail">{{ problem.detail }}</p></div>
  </div>
  <div class="w-form__grid">
    <div v-for="field in asked" :key="field.name" class="w-field"
      :class="{ 'w-field--bad': errors[field.name], 'w-field--wide': field.wide }">
      <label v-if="field.kind === 'bool'" class="w-field__check">
        <input type="checkbox" class="w-checkbox" :id="id(field)" v-model="values[field.name]" v-bind="aria(field)"
          @change="changed(field)">{{ field.label }}</label>
      <template v-else>
        <label class="w-field__label" :for="id(field)">{{ field.label }}
          <i v-if="field.required" aria-hidden="true">*</i></label>
        <textarea v-if="field.kind === 'lines' || field.kind === 'json'" class="w-input" :class="{ 'w-input--mono': field.kind === 'json' }"
          :id="id(field)" v-model="values[field.name]" :maxlength="field.maxLength" rows="3" v-bind="aria(field)"
          @input="changed(field)" @blur="check(field)"></textarea>
        <select v-else-if="field.kind === 'choice'" class="w-input" :id="id(field)" v-model="values[field.name]" v-bind="aria(field)"
          @change="changed(field); check(field)">
          <option v-if="!field.required || values[field.name] === ''" value="">{{ field.required ? "Choose…" : "—" }}</option>
          <option v-for="option in field.options" :key="option.value" :value="option.value">{{ option.label }}</option>
        </select>
        <combobox v-else-if="field.kind === 'link'" v-model="values[field.name]" :results="results[field.name]" v-bind="child(field)"
          @update:model-value="changed(field)" @leave="check(field)" @search="(ask) => $emit('search', { name: field.name, ...ask })"></combobox>
        <chips v-else-if="field.kind === 'chips'" v-model="values[field.name]" v-bind="child(field)"
          @update:model-value="changed(field)" @leave="check(field)"></chips>
        <div v-else-if="field.type === 'password'" class="w-secret">
          <input class="w-input" :type="shown[field.name] ? 'text' : 'password'" :id="id(field)" v-model="values[field.name]"
            autocomplete="new-password" spellcheck="false" v-bind="aria(field)" @input="changed(field)" @blur="check(field)">
          <button type="button" class="w-button w-button--ghost w-secret__show" :aria-pressed="String(Boolean(shown[field.name]))"
            :aria-label="'Show ' + field.label" :title="shown[field.name] ? 'Hide' : 'Show'"
            @click="shown[field.name] = !shown[field.name]">
            <span class="w-icon" aria-hidden="true">{{ shown[field.name] ? "visibility_off" : "visibility" }}</span></button>
        </div>
        <input v-else class="w-input" :class="{ 'w-input--number': field.inputMode }" :type="field.type || 'text'" :id="id(field)"
          v-model="values[field.name]" :inputmode="field.inputMode" :maxlength="field.maxLength" :step="field.step"
          autocomplete="off" v-bind="aria(field)" @input="changed(field)" @blur="check(field)">
      </template>
      <p v-if="errors[field.name]" class="w-field__error" :id="id(field) + '-error'" role="alert">{{ errors[field.name] }}</p>
      <p v-else class="w-field__hint" :id="id(field) + '-hint'">{{ field.hint }}</p>
    </div>
  </div>
  <div class="w-form__actions">
    <button type="submit" class="w-button w-button--primary" :disabled="busy" :aria-busy="String(busy)"><span>{{ submitLabel }}</span></button>
    <button v-if="dirty && !busy" type="button" class="w-button w-button--ghost" @click="reset">Clear</button>
  </div>
</form>`,
  data() {
    const asked = JSON.parse(this.fields);
    return { asked, values: initial(asked), errors: {}, results: {}, shown: {}, problem: null, busy: false, dirty: false };
  },
  created() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.draft));
      if (!kept) return;
      Object.assign(this.values, kept);
      this.dirty = true;
    } catch {
      sessionStorage.removeItem(this.draft);
    }
  },
  unmounted() {
    clearTimeout(this.timer);
  },
  methods: {
    /* called by the server */
    checked(name, message) {
      if (message) this.errors[name] = message;
      else delete this.errors[name];
    },
    found(name, request, options) {
      this.results[name] = { request, options };
    },
    saved() {
      this.reset();
      this.focusField(this.asked[0]);
    },
    refused(errors, title, detail) {
      this.free();
      this.errors = errors;
      this.problem = title ? { title, detail } : null;
      const first = this.asked.find(({ name }) => errors[name]);
      if (first) this.$nextTick(() => this.focusField(first));
    },

    sent() {
      const out = {};
      for (const { name, kind, type } of this.asked) {
        const value = this.values[name];
        if (kind === "link") out[name] = value?.value ?? "";
        else if (type === "datetime-local" && value) out[name] = new Date(value).toISOString();
        else out[name] = value;
      }
      return out;
    },
    changed(field) {
      this.dirty = true;
      this.problem = null;
      delete this.errors[field.name];
      const kept = { ...this.values };
      for (const { name, type } of this.asked) if (type === "password") delete kept[name];
      try {
        sessionStorage.setItem(this.draft, JSON.stringify(kept));
      } catch {
        /* full or blocked: only a reload would lose it */
      }
    },
    check(field) {
      if (this.dirty && !this.busy) this.$emit("check", { name: field.name, values: this.sent() });
    },
    submit() {
      if (this.busy) return;
      this.busy = true;
      this.problem = null;
      this.timer = setTimeout(() => this.refused({}, "The server has not answered yet.", "Look whether it was saved before you try again."), PATIENCE);
      this.$emit("save", this.sent());
    },
    free() {
      clearTimeout(this.timer);
      this.busy = false;
    },
    reset() {
      this.free();
      this.values = initial(this.asked);
      this.errors = {};
      this.shown = {};
      this.problem = null;
      this.dirty = false;
      sessionStorage.removeItem(this.draft);
    },
    focusField(field) {
      document.getElementById(this.id(field))?.focus();
    },
    id(field) {
      return `${this.$el?.id ?? this.$attrs.id}-${field.name}`;
    },
    describedBy(field) {
      if (this.errors[field.name]) return `${this.id(field)}-error`;
      return field.hint ? `${this.id(field)}-hint` : undefined;
    },
    aria(field) {
      return {
        "aria-required": String(field.required),
        "aria-invalid": String(Boolean(this.errors[field.name])),
        "aria-describedby": this.describedBy(field),
      };
    },
    child(field) {
      return {
        inputId: this.id(field),
        describedBy: this.describedBy(field),
        invalid: Boolean(this.errors[field.name]),
        required: field.required,
      };
    },
  },
};
