/*
 * The load generator: one epoll thread, plain sockets, and no code of an agent but the integers in wire.h.
 *
 * It sends what HAProxy 3.2 does (src/mux_spop.c): a HAPROXY-HELLO, then NOTIFYs with the stream-ids 1, 3, 5 ... on each
 * connection and the frame-id 1. It checks every ACK: type, flags, ids in flight, and the value of sess.ip_score.
 * The HELLO, the payloads and the expected values come from the file that benchmarks/load/traffic.ts writes.
 *
 * generator FILE PORT CONNECTIONS WINDOW SECONDS WARM COUNT       prints one line of JSON
 *
 * A WINDOW of 0 is as many as the ring holds, a COUNT of 0 as many as fit the time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

enum { RING = 1 << 16, OUT = 1 << 18, IN = 1 << 18, MAX_CONNECTIONS = 64, MAX_VARIANTS = 1024, MAX_FRAME = 16380 };

struct variant { uint8_t *payload; uint32_t length; int32_t expected; };

struct connection {
  int fd, greeted, wants_write;
  uint8_t *out; size_t out_start, out_end;
  uint8_t *in; size_t in_end;
  uint64_t sent, acked;
  uint64_t *sent_at;  /* RING entries: when the NOTIFY was handed to the kernel; 0 once it is acknowledged */
};

static struct variant hello, variants[MAX_VARIANTS];
static uint32_t variant_count;
static struct connection connections[MAX_CONNECTIONS];
static uint64_t total_sent, total_acked;
/* What was wrong first; empty while nothing is. */
static const char *first_error = "";

/* Logarithmic buckets, 128 for each power of two: a percentile is right within 0.8 %. */
enum { SUB = 7, BUCKETS = 64 << SUB };
static uint64_t buckets[BUCKETS], latency_count, latency_max;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned bucket_of(uint64_t v) {
  if (v < (1u << SUB)) return (unsigned)v;
  unsigned shift = 63u - (unsigned)__builtin_clzll(v) - SUB;
  return ((shift + 1) << SUB) + (unsigned)((v >> shift) - (1u << SUB));
}

static double bucket_value(unsigned b) {
  if (b < (2u << SUB)) return b;
  unsigned shift = (b >> SUB) - 1;
  return ((double)((b & ((1u << SUB) - 1)) + (1u << SUB)) + 0.5) * (double)(1ull << shift);
}

static double percentile(double p) {
  uint64_t wanted = (uint64_t)(p * (double)latency_count), seen = 0;
  for (unsigned b = 0; b < BUCKETS; b++) {
    seen += buckets[b];
    if (seen > wanted) return bucket_value(b) / 1000.0;
  }
  return (double)latency_max / 1000.0;
}

static void fail(const char *what) { if (!*first_error) first_error = what; }

/* Queues NOTIFYs until `window` of them are in flight, the buffer is full, or `left` is used up. */
static void queue_notifies(struct connection *c, uint64_t window, uint64_t *left) {
  if (c->out_start == c->out_end) c->out_start = c->out_end = 0;
  uint64_t at = now();
  while (*left && c->sent - c->acked < window) {
    struct variant *v = &variants[c->sent % variant_count];
    if (OUT - c->out_end < v->length + 32u) break;
    if (c->sent_at[c->sent % RING]) break; /* the ring is full: its oldest is not answered yet */
    uint8_t *start = c->out + c->out_end, *p = start + 4;
    *p++ = 3; put32(p, 1); p += 4;
    p += write_varint(p, c->sent * 2 + 1);
    *p++ = 1;
    memcpy(p, v->payload, v->length); p += v->length;
    put32(start, (uint32_t)(p - start - 4));
    c->out_end += (size_t)(p - start);
    c->sent_at[c->sent % RING] = at;
    c->sent++; total_sent++; (*left)--;
  }
}

/* 1 if the payload is well-formed actions that set sess.ip_score once; its value goes to `value`. */
static int read_actions(const uint8_t *p, const uint8_t *end, int64_t *value) {
  int found = 0;
  while (p < end) {
    uint8_t type = p[0];
    uint64_t n;
    if (end - p < 3 || (type != 1 && type != 2) || p[1] != (type == 1 ? 3 : 2) || p[2] > 4) return 0;
    uint8_t scope = p[2];
    p = read_varint(p + 3, end, &n);
    if (!p || n > (uint64_t)(end - p)) return 0;
    int ours = type == 1 && scope == 1 && n == 8 && memcmp(p, "ip_score", 8) == 0;
    p += n;
    if (type == 2) continue;
    if (p >= end) return 0;
    uint8_t kind = *p++ & 15;
    if (kind >= 2 && kind <= 5) {
      uint64_t v;
      if (!(p = read_varint(p, end, &v))) return 0;
      if (ours) { found++; *value = (int64_t)v; }
    } else return 0;
  }
  return found == 1;
}

static void read_ack(struct connection *c, const uint8_t *p, const uint8_t *end, uint64_t at) {
  uint64_t stream_id, frame_id;
  int64_t value = 0;
  if (!(get32(p + 1) & 1)) { fail("ACK without FIN"); return; }
  if (!(p = read_varint(p + 5, end, &stream_id)) || !(p = read_varint(p, end, &frame_id))) { fail("ACK ids cut off"); return; }
  uint64_t index = (stream_id - 1) / 2;
  if (frame_id != 1 || !(stream_id & 1) || index >= c->sent || c->sent - index > RING || !c->sent_at[index % RING]) {
    fail("ACK for ids that are not in flight");
    return;
  }
  if (!read_actions(p, end, &value)) { fail("ACK payload does not set sess.ip_score once"); return; }
  if (value != variants[index % variant_count].expected) { fail("ACK carries another NOTIFY's value"); return; }
  uint64_t took = at - c->sent_at[index % RING];
  buckets[bucket_of(took)]++; latency_count++;
  if (took > latency_max) latency_max = took;
  c->sent_at[index % RING] = 0;
  c->acked++; total_acked++;
}

static int contains(const uint8_t *p, size_t n, const char *s) { return memmem(p, n, s, strlen(s)) != NULL; }

static void read_frame(struct connection *c, const uint8_t *p, uint32_t length, uint64_t at) {
  if (length < 7) { fail("frame shorter than its header"); return; }
  if (!c->greeted) {
    if (p[0] != 101 || get32(p + 1) != 1 || !contains(p, length, "2.0")) { fail("no AGENT-HELLO"); return; }
    c->greeted = 1;
  } else if (p[0] == 103) read_ack(c, p, p + length, at);
  else if (p[0] == 102) fail("AGENT-DISCONNECT");
  else fail("unknown frame type");
}

static void read_connection(struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->in_end, IN - c->in_end, 0);
  if (n == 0) { fail("connection closed by the agent"); return; }
  if (n < 0) { if (errno != EAGAIN) fail("connection reset by the agent"); return; }
  uint64_t at = now();
  c->in_end += (size_t)n;
  size_t pos = 0;
  while (c->in_end - pos >= 4) {
    uint32_t length = get32(c->in + pos);
    if (length > MAX_FRAME) { fail("frame longer than max-frame-size: the stream is corrupt"); return; }
    if (c->in_end - pos - 4 < length) break;
    read_frame(c, c->in + pos + 4, length, at);
    if (*first_error) return;
    pos += 4 + length;
  }
  memmove(c->in, c->in + pos, c->in_end - pos);
  c->in_end -= pos;
}

static void watch(int poll, struct connection *c, int write) {
  if (c->wants_write == write) return;
  c->wants_write = write;
  struct epoll_event e = { .events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c };
  epoll_ctl(poll, EPOLL_CTL_MOD, c->fd, &e);
}

static void flush(int poll, struct connection *c) {
  while (c->out_start < c->out_end) {
    ssize_t n = send(c->fd, c->out + c->out_start, c->out_end - c->out_start, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) { watch(poll, c, 1); return; }
      fail("write failed: connection reset by the agent");
      return;
    }
    c->out_start += (size_t)n;
  }
  watch(poll, c, 0);
}

/* Length, expected value and bytes; 0 at the end of the file. */
static int read_variant(struct variant *v, FILE *f) {
  if (fread(&v->length, 4, 1, f) != 1 || fread(&v->expected, 4, 1, f) != 1) return 0;
  v->payload = malloc(v->length);
  return fread(v->payload, 1, v->length, f) == v->length;
}

static void load_traffic(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f || !read_variant(&hello, f)) { perror(path); exit(2); }
  while (variant_count < MAX_VARIANTS && read_variant(&variants[variant_count], f)) variant_count++;
  if (variant_count == 0) { fprintf(stderr, "%s: expected payloads; found none\n", path); exit(2); }
  fclose(f);
}

static void open_connection(int poll, struct connection *c, int port) {
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(c->fd, (struct sockaddr *)&a, sizeof a) != 0) { perror("connect"); exit(2); }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->out = malloc(OUT); c->in = malloc(IN); c->sent_at = calloc(RING, sizeof(uint64_t));
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
  epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e);
  memcpy(c->out, hello.payload, hello.length);
  c->out_end = hello.length;
  flush(poll, c);
}

int main(int argc, char **argv) {
  if (argc != 8) { fprintf(stderr, "generator FILE PORT CONNECTIONS WINDOW SECONDS WARM COUNT\n"); return 2; }
  int port = atoi(argv[2]), n = atoi(argv[3]);
  uint64_t window = strtoull(argv[4], NULL, 10), left = strtoull(argv[7], NULL, 10);
  double seconds = atof(argv[5]), warm = left ? 0 : atof(argv[6]);
  if (n < 1 || n > MAX_CONNECTIONS) { fprintf(stderr, "expected 1 to %d connections; found %d\n", MAX_CONNECTIONS, n); return 2; }
  if (window == 0 || window > RING) window = RING;
  if (left == 0) left = UINT64_MAX;
  load_traffic(argv[1]);

  int poll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < n; i++) open_connection(poll, &connections[i], port);
  uint64_t begun = now(), from = begun, from_acked = 0, ended = 0, ended_acked = 0;
  uint64_t warm_until = begun + (uint64_t)(warm * 1e9), until = warm_until + (uint64_t)(seconds * 1e9), drain_until = 0;
  int warming = warm > 0;
  struct epoll_event events[MAX_CONNECTIONS];
  for (;;) {
    int ready = epoll_wait(poll, events, MAX_CONNECTIONS, 50);
    uint64_t at = now();
    if (warming && at >= warm_until) {
      warming = 0; from = at; from_acked = total_acked;
      memset(buckets, 0, sizeof buckets); latency_count = latency_max = 0;
    }
    if (!drain_until && (at >= until || left == 0)) {
      if (at >= until) { ended = at; ended_acked = total_acked; }
      left = 0; drain_until = at + 3000000000u;
      if (drain_until < until) drain_until = until;
    }
    for (int i = 0; i < ready && !*first_error; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_connection(c);
      if (*first_error) break;
      /* Up to eight buffers at a time, so that the agent never waits for us, and ACKs are still read in between. */
      for (int round = 0; round < 8; round++) {
        if (c->greeted && c->out_start == c->out_end) queue_notifies(c, window, &left);
        if (c->out_start == c->out_end) break;
        flush(poll, c);
        if (c->wants_write || *first_error) break;
      }
    }
    if (*first_error) break;
    if (drain_until && (total_acked == total_sent || at >= drain_until)) break;
  }
  if (!ended) { ended = now(); ended_acked = total_acked; }
  if (total_sent != total_acked) fail("NOTIFYs without an ACK");
  double took = (double)(ended - from) / 1e9;
  printf("{\"acked\":%llu,\"perSecond\":%.1f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"firstError\":\"%s\"}\n",
         (unsigned long long)total_acked, took > 0 ? (double)(ended_acked - from_acked) / took : 0, percentile(0.5), percentile(0.99),
         percentile(0.999), first_error);
  return 0;
}
