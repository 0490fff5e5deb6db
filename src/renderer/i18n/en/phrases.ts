export { phrases as default } from '@shared/phrases/table';
