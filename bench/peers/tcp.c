// The guest's end of the measurements of gateways, linked statically: it brings nothing with it.
//   tcp send ADDRESS PORT     writes until the other side closes
//   tcp receive ADDRESS PORT  reads until the other side closes
//   tcp ping ADDRESS PORT     sends one byte and waits for it, 500 times; prints the median and the 99th of a
//                             hundred, in microseconds
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMES 500

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

static int ping(int fd) {
  static double times[TIMES];
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (int index = 0; index < TIMES; index++) {
    double begun = now();
    if (write(fd, buffer, 1) != 1 || read(fd, buffer, 1) != 1) return 1;
    times[index] = now() - begun;
  }
  qsort(times, TIMES, sizeof *times, compare);
  printf("%.0f %.0f\n", times[TIMES / 2], times[TIMES * 99 / 100]);
  return 0;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[3]))};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, words[2], &to.sin_addr) != 1) return 2;
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
    perror("connect");
    return 1;
  }
  if (strcmp(words[1], "ping") == 0) return ping(fd);
  if (strcmp(words[1], "send") == 0)
    while (write(fd, buffer, sizeof buffer) > 0) {
    }
  else
    while (read(fd, buffer, sizeof buffer) > 0) {
    }
  return 0;
}
