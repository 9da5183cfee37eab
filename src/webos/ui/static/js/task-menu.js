/* The user's background tasks in the top bar. */
import { menu } from "webos/menu";
import { TaskRow } from "webos/task-row";

export const TaskMenu = {
  props: { tasks: Array, opened: Boolean },
  emits: ["toggle", "close", "stop"],
  components: { TaskRow },
  directives: { menu },
  template: `
    <div class="w-menuwrap">
      <button type="button" class="w-iconbutton" :aria-label="name" :title="name" :aria-expanded="String(opened)"
        @click="$emit('toggle')">
        <span v-if="running" class="w-spin" aria-hidden="true"></span><span v-if="running">{{ running }}</span>
        <span v-else class="w-icon" aria-hidden="true">task_alt</span>
      </button>
      <div v-if="opened" v-menu="() => $emit('close')" class="w-menu w-tasks" role="group" aria-label="Background tasks">
        <div class="w-tasks__head">Background tasks</div>
        <ul v-if="tasks.length"><li v-for="task in tasks" :key="task.id">
          <task-row :task="task" @stop="(id) => $emit('stop', id)"></task-row></li></ul>
        <div v-else class="w-tasks__none">Nothing is running.</div>
      </div>
    </div>`,
  computed: {
    running() {
      return this.tasks.filter(({ state }) => state === "running" || state === "waiting").length;
    },
    name() {
      return this.running ? `Background tasks: ${this.running} running` : "Background tasks";
    },
  },
};
