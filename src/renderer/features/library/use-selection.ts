import { computed, readonly, shallowRef, watch, type Ref } from 'vue';
import { keepExisting, noSelection, select, selectAll, type Selection, type SelectMode } from './selection';

/** The selection of the machines that are shown, in their order. */
export function useSelection(ids: Ref<string[]>) {
  const state = shallowRef<Selection>(noSelection);
  watch(ids, (now, before) => {
    state.value = keepExisting(state.value, now, before);
  });
  return {
    state: readonly(state),
    selected: computed(() => ids.value.filter((id) => state.value.selected.has(id))),
    select: (id: string, mode: SelectMode = 'only') => {
      state.value = select(state.value, ids.value, id, mode);
    },
    /** Moves the keyboard without changing what is selected. */
    activate: (id: string) => {
      state.value = { ...state.value, active: id };
    },
    all: () => {
      state.value = selectAll(state.value, ids.value);
    },
    none: () => {
      state.value = { ...state.value, selected: new Set() };
    },
  };
}
export type LibrarySelection = ReturnType<typeof useSelection>;
