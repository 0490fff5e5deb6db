import { nextTick, readonly, ref } from 'vue';

const text = ref('');

/** What a screen reader is to say now; shown to it by `AppFrame`. */
export const announcement = readonly(text);

/** Lets a screen reader say something that is otherwise only seen. */
export async function announce(message: string): Promise<void> {
  // the same words twice are a change only when something else came between
  text.value = '';
  await nextTick();
  text.value = message;
}
