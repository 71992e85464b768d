export * from '@spop-internal/testbed/captures';
