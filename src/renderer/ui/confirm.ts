import { shallowRef } from 'vue';

/** One way to answer a question. */
export interface Choice<T extends string> {
  value: T;
  label: string;
  /** One line below the label; choices with descriptions are drawn as a list. */
  description?: string;
  icon?: string;
  color?: 'primary' | 'neutral' | 'error' | 'warning';
}

export interface Question<T extends string> {
  title: string;
  message: string;
  /** Further lines: folders, names … */
  details?: string[];
  choices: Choice<T>[];
}

interface OpenQuestion extends Question<string> {
  answer: (value: string | undefined) => void;
}

/** The question on screen; drawn by `ConfirmDialog`. */
export const openQuestion = shallowRef<OpenQuestion>();

/** Asks in a dialog. Resolves with the chosen value, or undefined when the person cancels. */
export function useConfirm() {
  return function confirm<T extends string>(question: Question<T>): Promise<T | undefined> {
    openQuestion.value?.answer(undefined);
    return new Promise((resolve) => {
      openQuestion.value = {
        ...question,
        answer: (value) => {
          openQuestion.value = undefined;
          resolve(value as T | undefined);
        },
      };
    });
  };
}
