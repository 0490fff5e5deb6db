export type { Translated } from '@shared/phrases/translated';
