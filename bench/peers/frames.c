/*
 * Sends or counts Ethernet frames as fast as it can, for `switch.ts`.
 *
 *   frames send|count unix:PATH|vde:PATH SIZE SECONDS
 *   frames ping|echo unix:PATH|connect:PATH SIZE SECONDS
 *
 * unix: listens on a stream socket for a switch that connects, in QEMU's framing. connect: connects to such a socket.
 * vde: a port of vde_switch.
 * `send` sends frames of SIZE bytes from station 1 to station 2, one system call each. `count` announces station 2,
 * waits for frames, and prints how many came a second; it ends when none has come for a while. `ping` sends one frame
 * after the other to station 2, each when the one before has come back, and prints the median and the 99th of a hundred
 * of the times that took, in microseconds; `echo` is that station.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libvdeplug.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { longest = 65536, quiet_ms = 700, patience_ms = 8000, most_pings = 1 << 20 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void fill(unsigned char *frame, int to, int from, int size) {
  const unsigned char header[14] = {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5};
  memset(frame, 0, size);
  memcpy(frame, header, sizeof header);
}

static int listen_once(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 1)) fail(path);
  int peer = accept(server, NULL, NULL);
  if (peer < 0) fail("accept");
  return peer;
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (connect(peer, (struct sockaddr *)&address, sizeof address)) fail(path);
  return peer;
}

static void write_framed(int to, const unsigned char *frame, int size) {
  uint32_t length = htonl(size);
  struct iovec parts[2] = {{&length, 4}, {(void *)frame, size}};
  ssize_t written = writev(to, parts, 2);
  if (written < 0) exit(0);
  /* The rest of a frame that went out in part. */
  while (written < size + 4) {
    const char *rest = written < 4 ? (char *)&length + written : (char *)frame + written - 4;
    ssize_t more = write(to, rest, written < 4 ? 4 - written : size + 4 - written);
    if (more < 0) exit(0);
    written += more;
  }
}

static void print_rate(long count, double first, double last) {
  printf("%.0f\n", last > first ? count / (last - first) : 0.0);
}

static void count_unix(int from) {
  static unsigned char buffer[1 << 20];
  size_t there = 0;
  long count = 0;
  double first = 0, last = 0;
  struct pollfd wait = {from, POLLIN, 0};
  while (poll(&wait, 1, count ? quiet_ms : patience_ms) > 0) {
    ssize_t more = read(from, buffer + there, sizeof buffer - there);
    if (more <= 0) break;
    there += more;
    last = seconds();
    if (!count) first = last;
    size_t position = 0;
    while (there - position >= 4) {
      uint32_t length;
      memcpy(&length, buffer + position, 4);
      length = ntohl(length);
      if (there - position < 4 + length) break;
      if (buffer[position + 9] == 2) count++;
      position += 4 + length;
    }
    memmove(buffer, buffer + position, there - position);
    there -= position;
  }
  print_rate(count, first, last);
}

static void count_vde(VDECONN *from) {
  static unsigned char buffer[longest];
  long count = 0;
  double first = 0, last = 0;
  struct pollfd wait = {vde_datafd(from), POLLIN, 0};
  while (poll(&wait, 1, count ? quiet_ms : patience_ms) > 0) {
    if (vde_recv(from, buffer, sizeof buffer, 0) <= 0 || buffer[5] != 2) continue;
    last = seconds();
    if (!count++) first = last;
  }
  print_rate(count, first, last);
}

/* Reads one frame. Whether there was one in time. */
static int read_framed(int from, unsigned char *frame, int patience) {
  uint32_t length;
  struct pollfd wait = {from, POLLIN, 0};
  if (poll(&wait, 1, patience) <= 0 || recv(from, &length, 4, MSG_WAITALL) != 4) return 0;
  length = ntohl(length);
  return length <= longest && recv(from, frame, length, MSG_WAITALL) == (ssize_t)length;
}

static void echo(int peer) {
  static unsigned char frame[longest];
  int size = 60;
  fill(frame, 9, 2, size);
  write_framed(peer, frame, size);
  while (read_framed(peer, frame, patience_ms)) {
    if (frame[5] != 2) continue;
    fill(frame, 1, 2, size);
    write_framed(peer, frame, size);
  }
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static void ping(int peer, int size, double seconds_long) {
  static unsigned char frame[longest], answer[longest];
  static double times[most_pings];
  int count = 0;
  fill(frame, 2, 1, size);
  for (double end = seconds() + seconds_long; seconds() < end && count < most_pings; count++) {
    double begun = seconds();
    write_framed(peer, frame, size);
    do {
      /* The other station may not be there yet. */
      if (!read_framed(peer, answer, quiet_ms)) break;
    } while (answer[5] != 1);
    times[count] = seconds() - begun;
  }
  qsort(times, count, sizeof *times, compare);
  printf("%.1f %.1f\n", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
}

int main(int argc, char **argv) {
  static unsigned char frame[longest];
  if (argc < 5) return 2;
  signal(SIGPIPE, SIG_IGN);
  int sending = !strcmp(argv[1], "send"), is_vde = !strncmp(argv[2], "vde:", 4), size = atoi(argv[3]);
  VDECONN *vde = NULL;
  int peer = -1;
  if (!strncmp(argv[2], "connect:", 8)) {
    peer = connect_to(argv[2] + 8);
  } else if (is_vde) {
    vde = vde_open(argv[2] + 4, "bench", NULL);
    if (!vde) fail("vde_open");
  } else {
    peer = listen_once(argv[2] + 5);
  }
  if (!strcmp(argv[1], "ping")) {
    ping(peer, size, atof(argv[4]));
    return 0;
  }
  if (!strcmp(argv[1], "echo")) {
    echo(peer);
    return 0;
  }
  if (!sending) {
    fill(frame, 9, 2, 60);
    if (is_vde) vde_send(vde, frame, 60, 0);
    else write_framed(peer, frame, 60);
    if (is_vde) count_vde(vde);
    else count_unix(peer);
    return 0;
  }
  fill(frame, 2, 1, size);
  double end = seconds() + atof(argv[4]);
  while (seconds() < end) {
    for (int index = 0; index < 64; index++) {
      if (!is_vde) write_framed(peer, frame, size);
      else if (vde_send(vde, frame, size, 0) < 0 && errno == EAGAIN) {
        struct pollfd wait = {vde_datafd(vde), POLLOUT, 0};
        poll(&wait, 1, 1);
      }
    }
  }
  return 0;
}
