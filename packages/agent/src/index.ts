export { SpopError } from '@spop/codec';
