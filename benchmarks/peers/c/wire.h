/* The integers of SPOP, for the generator and the agent in C. */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put32(uint8_t *p, uint32_t v) { v = htonl(v); memcpy(p, &v, 4); }
static inline uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return ntohl(v); }

static inline size_t write_varint(uint8_t *p, uint64_t v) {
  if (v < 240) { p[0] = (uint8_t)v; return 1; }
  size_t n = 0;
  p[n++] = (uint8_t)(v | 0xf0);
  v = (v - 240) >> 4;
  while (v >= 128) { p[n++] = (uint8_t)(v | 0x80); v = (v - 128) >> 7; }
  p[n++] = (uint8_t)v;
  return n;
}

/* NULL if the varint does not end before `end`, or if `p` is NULL. */
static inline const uint8_t *read_varint(const uint8_t *p, const uint8_t *end, uint64_t *v) {
  if (!p || p >= end) return NULL;
  *v = *p++;
  if (*v < 240) return p;
  for (unsigned shift = 4; p < end && shift < 67; shift += 7) {
    uint8_t b = *p++;
    *v += (uint64_t)b << shift;
    if (b < 128) return p;
  }
  return NULL;
}
