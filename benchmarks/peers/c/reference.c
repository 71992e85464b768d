/*
 * The most that the machine can do: one epoll thread that parses every frame and answers with one write for each read.
 * It does the same two jobs as the agents beside it, validates lengths, and nothing else: no version check, no errors, no timers.
 *
 * reference: listens on 127.0.0.1, port 0, and prints "listening PORT".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { IN = 1 << 17, OUT = 1 << 18 };

struct connection { int fd; size_t in_end; uint8_t in[IN]; };
static uint8_t out[OUT];

/* Both jobs at once: the last octet of an address, a boolean, an integer, or the length of a text. */
static const uint8_t *read_value(const uint8_t *p, const uint8_t *end, int64_t *score) {
  if (p >= end) return NULL;
  uint8_t head = *p++;
  uint64_t n;
  switch (head & 15) {
    case 0: return p;
    case 1: *score += head >> 4 & 1; return p;
    case 2: case 3: case 4: case 5:
      p = read_varint(p, end, &n);
      *score += (int64_t)n;
      return p;
    case 6: if (end - p < 4) return NULL; *score += p[3]; return p + 4;
    case 7: if (end - p < 16) return NULL; *score += p[15]; return p + 16;
    case 8: case 9:
      p = read_varint(p, end, &n);
      if (!p || n > (uint64_t)(end - p)) return NULL;
      *score += (int64_t)n;
      return p + n;
    default: return NULL;
  }
}

static int read_notify(const uint8_t *p, const uint8_t *end, int64_t *score, int *found) {
  uint64_t n;
  *score = 0; *found = 0;
  while (p < end) {
    p = read_varint(p, end, &n);
    if (!p || n >= (uint64_t)(end - p)) return 0;
    int tiny = n == 15 && memcmp(p, "check-client-ip", 15) == 0, whole = n == 13 && memcmp(p, "check-request", 13) == 0;
    p += n;
    for (unsigned left = *p++; left > 0; left--) {
      int64_t ignored = 0;
      p = read_varint(p, end, &n);
      if (!p || n > (uint64_t)(end - p)) return 0;
      int wanted = whole || (tiny && n == 2 && p[0] == 'i' && p[1] == 'p');
      p = read_value(p + n, end, wanted ? score : &ignored);
      if (!p) return 0;
      *found |= wanted;
    }
  }
  return 1;
}

static size_t write_hello(uint8_t *o) {
  static const uint8_t hello[] = "\0\0\0\0" "\x65\0\0\0\1\0\0" "\x07version\x08\x03" "2.0" "\x0emax-frame-size\x03\xfc\xf0\x06" "\x0c" "capabilities\x08\x0apipelining";
  memcpy(o, hello, sizeof hello - 1);
  put32(o, sizeof hello - 5);
  return sizeof hello - 1;
}

static size_t write_ack(uint8_t *o, const uint8_t *ids, size_t ids_length, int64_t score, int found) {
  uint8_t *p = o + 4;
  *p++ = 103; put32(p, 1); p += 4;
  memcpy(p, ids, ids_length); p += ids_length;
  if (found) {
    memcpy(p, "\x01\x03\x01\x08ip_score\x04", 13); p += 13;
    p += write_varint(p, (uint64_t)score);
  } else *p++ = 0;
  put32(o, (uint32_t)(p - o - 4));
  return (size_t)(p - o);
}

/* The length of the answer, or -1 where the connection has to be closed. */
static int answer(const uint8_t *p, uint32_t length, uint8_t *o) {
  const uint8_t *end = p + length, *ids = p + 5, *payload;
  uint64_t id;
  int64_t score;
  int found;
  if (length < 7) return -1;
  if (*p == 1) return (int)write_hello(o);
  if (*p != 3) return *p == 2 ? -1 : 0;
  payload = read_varint(read_varint(ids, end, &id), end, &id);
  if (!payload || !read_notify(payload, end, &score, &found)) return -1;
  return (int)write_ack(o, ids, (size_t)(payload - ids), score, found);
}

static int send_all(int fd, const uint8_t *p, size_t n) {
  while (n > 0) {
    ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
    if (k < 0) { if (errno == EINTR) continue; return 0; }
    p += k; n -= (size_t)k;
  }
  return 1;
}

static int serve(struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->in_end, IN - c->in_end, 0);
  if (n <= 0) return 0;
  c->in_end += (size_t)n;
  size_t pos = 0, used = 0;
  while (c->in_end - pos >= 4) {
    uint32_t length = get32(c->in + pos);
    if (length > 16380) return 0;
    if (c->in_end - pos - 4 < length) break;
    if (OUT - used < 128) { if (!send_all(c->fd, out, used)) return 0; used = 0; }
    int k = answer(c->in + pos + 4, length, out + used);
    if (k < 0) return 0;
    used += (size_t)k;
    pos += 4 + length;
  }
  memmove(c->in, c->in + pos, c->in_end - pos);
  c->in_end -= pos;
  return send_all(c->fd, out, used);
}

int main(void) {
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof a;
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), poll = epoll_create1(EPOLL_CLOEXEC);
  if (bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 511) != 0) { perror("listen"); return 1; }
  getsockname(listener, (struct sockaddr *)&a, &size);
  printf("listening %d\n", ntohs(a.sin_port));
  fflush(stdout);
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL }, events[64];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int ready = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == NULL) {
        c = malloc(sizeof *c);
        c->fd = accept(listener, NULL, NULL); c->in_end = 0;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        e.data.ptr = c;
        epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e);
      } else if (!serve(c)) { close(c->fd); free(c); }
    }
  }
}
