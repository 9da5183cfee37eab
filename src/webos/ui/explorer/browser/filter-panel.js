// The builder of nested filters: groups of conditions, joined by and or or.
import { ValueInput } from "./value-input.js";
import { Modal } from "./modal.js";
import { canFilter, cleanTree, isGroup, newCondition, operandsOf, operatorsOf } from "./operators.js";

const DEPTH = 4;

const Condition = {
  props: { item: Object, columns: Array, url: String, number: Number },
  emits: ["remove"],
  components: { ValueInput },
  template: `
    <div class="w-cond" role="group" :aria-label="'Condition ' + number">
      <select class="w-input" aria-label="Field" :value="item.field" @change="setField($event.target.value)">
        <option v-for="each in columns" :key="each.field" :value="each.field">{{ each.title }}</option>
      </select>
      <select class="w-input" aria-label="Operator" :value="item.type" @change="setType($event.target.value)">
        <option v-for="[name, words] in operators" :key="name" :value="name">{{ words }}</option>
      </select>
      <div class="w-cond__value">
        <fieldset v-if="operands === 'set'" class="w-cond__set"><legend class="w-sr">Values</legend>
          <label v-for="([value, label], at) in column.choices" :key="at"><input type="checkbox" class="w-checkbox"
            :checked="item.values?.includes(value)" @change="toggle(value)">{{ label }}</label>
        </fieldset>
        <template v-else-if="operands === 'records'">
          <span v-for="id in item.values ?? []" :key="id" class="w-chip">{{ item.labels?.[id] ?? "Chosen record" }}
            <button type="button" :aria-label="'Remove ' + (item.labels?.[id] ?? 'record')" @click="toggle(id)"><span class="w-icon" aria-hidden="true">close</span></button></span>
          <value-input :key="(item.values ?? []).length" :column="column" :model-value="null" label="Record" :url="url" @update:model-value="addRecord"></value-input>
        </template>
        <input v-else-if="operands === 'days'" class="w-input" type="number" min="1" step="1" aria-label="Days" :value="item.filter" @input="item.filter = Number($event.target.value) || undefined">
        <template v-else-if="operands">
          <value-input :column="plain" :model-value="item[first]" label="Value" :url="url" @update:model-value="item[first] = $event ?? undefined"></value-input>
          <template v-if="operands === 2"><span>and</span>
            <value-input :column="plain" :model-value="item[second]" label="Upper value" :url="url" @update:model-value="item[second] = $event ?? undefined"></value-input></template>
        </template>
      </div>
      <button type="button" class="w-iconbutton" aria-label="Remove condition" @click="$emit('remove')"><span class="w-icon" aria-hidden="true">close</span></button>
    </div>`,
  computed: {
    column() {
      return this.columns.find(({ field }) => field === this.item.field);
    },
    operators() {
      return operatorsOf(this.column);
    },
    operands() {
      return operandsOf(this.column, this.item.type);
    },
    isDay() {
      return ["date", "datetime"].includes(this.column.kind);
    },
    first() {
      return this.isDay ? "dateFrom" : "filter";
    },
    second() {
      return this.isDay ? "dateTo" : "filterTo";
    },
    // A condition compares days, and names of links.
    plain() {
      const kind = this.isDay ? "date" : this.column.kind === "link" ? "text" : this.column.kind;
      return { ...this.column, kind, optional: true };
    },
  },
  methods: {
    setField(field) {
      const column = this.columns.find((each) => each.field === field);
      for (const key of Object.keys(this.item)) delete this.item[key];
      Object.assign(this.item, newCondition(column));
    },
    setType(type) {
      const before = this.operands;
      this.item.type = type;
      if (operandsOf(this.column, type) !== before && typeof before !== typeof operandsOf(this.column, type))
        for (const key of ["filter", "filterTo", "dateFrom", "dateTo", "values", "labels"]) delete this.item[key];
    },
    toggle(value) {
      const values = this.item.values ?? [];
      this.item.values = values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
    },
    addRecord(record) {
      if (!record || this.item.values?.includes(record.id)) return;
      this.item.labels = { ...this.item.labels, [record.id]: record.label };
      this.toggle(record.id);
    },
  },
};

const Group = {
  name: "Group",
  props: { group: Object, columns: Array, url: String, depth: Number },
  emits: ["remove"],
  components: { Condition },
  template: `
    <div class="w-group" role="group" :aria-label="depth > 1 ? 'Group' : 'Filter'">
      <div v-for="(item, at) in group.items" :key="at" class="w-group__item">
        <span v-if="at === 0" class="w-group__join">Where</span>
        <select v-else-if="at === 1" class="w-input w-group__join" aria-label="Join" v-model="group.join">
          <option value="and">and</option><option value="or">or</option></select>
        <span v-else class="w-group__join">{{ group.join }}</span>
        <group v-if="isGroup(item)" :group="item" :columns="columns" :url="url" :depth="depth + 1" @remove="group.items.splice(at, 1)"></group>
        <condition v-else :item="item" :columns="columns" :url="url" :number="at + 1" @remove="group.items.splice(at, 1)"></condition>
      </div>
      <div class="w-group__foot">
        <button type="button" class="w-linkbutton" @click="add"><span class="w-icon" aria-hidden="true">add</span>Condition</button>
        <button v-if="depth < deepest" type="button" class="w-linkbutton" @click="addGroup"><span class="w-icon" aria-hidden="true">add</span>Group</button>
        <button v-if="depth > 1" type="button" class="w-linkbutton" @click="$emit('remove')">Remove group</button>
      </div>
    </div>`,
  data() {
    return { deepest: DEPTH };
  },
  methods: {
    isGroup,
    add() {
      this.group.items.push(newCondition(this.columns[0]));
    },
    addGroup() {
      this.group.items.push({ join: this.group.join === "or" ? "and" : "or", items: [newCondition(this.columns[0])] });
    },
  },
};

export const FilterPanel = {
  props: { tree: Object, columns: Array, url: String, check: Function },
  emits: ["apply", "close"],
  components: { Group, Modal },
  template: `
    <modal title="Filter" wide ref="modal" @close="$emit('close')">
      <form @submit.prevent="apply">
        <group :group="draft" :columns="possible" :url="url" :depth="1"></group>
        <p v-if="problem" class="w-field__error" role="alert">{{ problem }}</p>
        <button type="submit" hidden></button>
      </form>
      <template #foot>
        <button type="button" class="w-button w-button--ghost" @click="clear">Clear</button><span class="w-explorer__space"></span>
        <button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Cancel</button>
        <button type="button" class="w-button w-button--primary" :disabled="busy" @click="apply">Apply filter</button>
      </template>
    </modal>`,
  data() {
    const draft = this.tree ? JSON.parse(JSON.stringify(this.tree)) : { join: "and", items: [] };
    return { draft, problem: "", busy: false };
  },
  computed: {
    possible() {
      return this.columns.filter(canFilter);
    },
  },
  created() {
    if (!this.draft.items.length && this.possible.length) this.draft.items.push(newCondition(this.possible[0]));
  },
  methods: {
    clear() {
      this.draft.items.splice(0);
      this.$emit("apply", null);
      this.$refs.modal.close();
    },
    async apply() {
      this.busy = true;
      this.problem = await this.check(cleanTree(this.draft, this.columns));
      this.busy = false;
      if (this.problem) return;
      this.$emit("apply", cleanTree(this.draft, this.columns) ? JSON.parse(JSON.stringify(this.draft)) : null);
      this.$refs.modal.close();
    },
  },
};
