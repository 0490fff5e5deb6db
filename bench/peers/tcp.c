/*
 * Both ends of the measurements of gateways, linked statically: the guest has nothing else.
 *
 *   tcp host                       listens on the loopback, prints its port, then a line for each connection
 *   tcp send ADDRESS PORT SECONDS    writes for so long
 *   tcp receive ADDRESS PORT SECONDS reads for so long
 *   tcp ping ADDRESS PORT            sends one byte and waits for it, 500 times; prints the median and the 99th of a
 *                                    hundred, in microseconds
 *   tcp connect ADDRESS PORT SECONDS opens connections, one after the other; prints how many a second were served
 *
 * The guest says in the first byte of a connection what it is for. The host counts, for it has the better clock: its
 * lines are the bytes and the microseconds after the first moments, the longest time without any byte in
 * microseconds, and all bytes.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { pings = 500, settle_us = 400000, silence_ms = 10000 };

static char buffer[256 * 1024];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static void no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* What has left this end: what waits in the system has not been taken. */
static double taken(int fd, double bytes, int writes) {
  int waiting = 0;
  if (writes) ioctl(fd, SIOCOUTQ, &waiting);
  return bytes - waiting;
}

static void count(int fd, int writes) {
  double begun = now(), last = begun, longest = 0, bytes = 0, settled = 0, settled_at = 0;
  struct pollfd ready = {fd, writes ? POLLOUT : POLLIN, 0};
  while (poll(&ready, 1, silence_ms) > 0) {
    ssize_t done = writes ? send(fd, buffer, sizeof buffer, MSG_DONTWAIT) : read(fd, buffer, sizeof buffer);
    if (done <= 0) break;
    double time = now();
    if (time - last > longest) longest = time - last;
    last = time;
    bytes += done;
    if (!settled_at && time - begun > settle_us) {
      settled = taken(fd, bytes, writes);
      settled_at = time;
    }
  }
  double time = now(), total = taken(fd, bytes, writes);
  if (time - last > longest) longest = time - last;
  printf("%.0f %.0f %.0f %.0f\n", total - settled, last - settled_at, longest, total);
}

static void serve(int fd) {
  char what, byte;
  no_delay(fd);
  if (read(fd, &what, 1) != 1) return;
  if (what == 's' || what == 'r') count(fd, what == 'r');
  else if (what == 'c') (void)!write(fd, &what, 1);
  else
    while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1) {
    }
}

static int host(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&address, length) || listen(server, 64)) return 1;
  getsockname(server, (struct sockaddr *)&address, &length);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("%d\n", ntohs(address.sin_port));
  for (int peer; (peer = accept(server, NULL, NULL)) >= 0; close(peer)) serve(peer);
  return 1;
}

static int reach(char **words, char what) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, words[0], &to.sin_addr) != 1) exit(2);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
    perror("connect");
    exit(1);
  }
  no_delay(fd);
  if (write(fd, &what, 1) != 1) exit(1);
  return fd;
}

static int ping(char **words) {
  static double times[pings];
  int fd = reach(words, 'p');
  for (int index = 0; index < pings; index++) {
    double begun = now();
    if (write(fd, buffer, 1) != 1 || read(fd, buffer, 1) != 1) return 1;
    times[index] = now() - begun;
  }
  qsort(times, pings, sizeof *times, compare);
  printf("%.0f %.0f\n", times[pings / 2], times[pings * 99 / 100]);
  return 0;
}

static int open_many(char **words, double end) {
  double begun = now();
  int count = 0;
  for (; now() < end; count++) {
    char byte;
    int fd = reach(words, 'c');
    if (read(fd, &byte, 1) != 1) return 1;
    close(fd);
  }
  printf("%.0f\n", count / (now() - begun) * 1e6);
  return 0;
}

int main(int words, char **word) {
  signal(SIGPIPE, SIG_IGN);
  if (words == 2 && !strcmp(word[1], "host")) return host();
  if (words == 4 && !strcmp(word[1], "ping")) return ping(word + 2);
  if (words != 5) return 2;
  double end = now() + atof(word[4]) * 1e6;
  if (!strcmp(word[1], "connect")) return open_many(word + 2, end);
  int sends = !strcmp(word[1], "send"), fd = reach(word + 2, sends ? 's' : 'r');
  while (now() < end && (sends ? write(fd, buffer, sizeof buffer) : read(fd, buffer, sizeof buffer)) > 0) {
  }
  return 0;
}
