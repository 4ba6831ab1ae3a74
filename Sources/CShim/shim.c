#define _GNU_SOURCE
#include "cshim.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

uint64_t shim_monotonic_ns(void) { return read_clock(CLOCK_MONOTONIC); }
uint64_t shim_process_cpu_ns(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
uint64_t shim_thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

uint64_t shim_peak_memory_bytes(void) {
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) return 0;
  char line[256];
  uint64_t kibibytes = 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %lu", &kibibytes) == 1) break;
  fclose(file);
  return kibibytes * 1024;
}

void shim_keep_freed_memory(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_TOP_PAD, 4 << 20);
#endif
}

void shim_precise_timers(void) { prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); }

void shim_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

int shim_create_file(const char *path, int exclusive) {
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | (exclusive ? O_EXCL : O_TRUNC), 0600);
  return fd < 0 ? -errno : fd;
}

int shim_write_all(int fd, const void *bytes, size_t count) {
  const char *p = bytes;
  while (count > 0) {
    ssize_t n = write(fd, p, count);
    if (n < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    p += n;
    count -= (size_t)n;
  }
  return 0;
}

int shim_open_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

long shim_read_some(int fd, void *bytes, size_t count) {
  for (;;) {
    ssize_t n = read(fd, bytes, count);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

long shim_read_at(int fd, void *bytes, size_t count, uint64_t offset) {
  for (;;) {
    ssize_t n = pread(fd, bytes, count, (off_t)offset);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

long shim_file_size(int fd) {
  struct stat s;
  return fstat(fd, &s) < 0 ? -errno : (long)s.st_size;
}

int shim_sync(int fd) { return fdatasync(fd) < 0 ? -errno : 0; }
void shim_close(int fd) { close(fd); }
int shim_rename(const char *from, const char *to) { return rename(from, to) < 0 ? -errno : 0; }

int shim_open_append(const char *path) {
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int shim_truncate(int fd, uint64_t size) {
  return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int shim_remove(const char *path) { return unlink(path) < 0 ? -errno : 0; }
const char *shim_error_text(int error_number) { return strerror(error_number); }

static atomic_int interrupts;
static int interrupt_fd = -1;

static void on_interrupt(int number) {
  (void)number;
  int saved = errno;
  if (atomic_fetch_add(&interrupts, 1) >= 1) _exit(130);
  uint64_t one = 1;
  if (interrupt_fd >= 0 && write(interrupt_fd, &one, sizeof one) < 0) { /* nothing to do */ }
  errno = saved;
}

int shim_interrupt_count(void) { return atomic_load(&interrupts); }
int shim_interrupt_fd(void) { return interrupt_fd; }

void shim_watch_interrupts(void) {
  if (interrupt_fd < 0) interrupt_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int shim_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int shim_epoll_add(int epoll_fd, int fd, uint64_t tag) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = tag}};
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int shim_epoll_wait(int epoll_fd, uint64_t *tags, int capacity, int64_t timeout_ns) {
  struct epoll_event events[16];
  if (capacity > 16) capacity = 16;
  struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
  int n = epoll_pwait2(epoll_fd, events, capacity, timeout_ns < 0 ? NULL : &timeout, NULL);
  if (n < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < n; i++) tags[i] = events[i].data.u64;
  return n;
}

int shim_eventfd_create(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void shim_eventfd_signal(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) < 0) { /* already signalled */ }
}

void shim_eventfd_drain(int fd) {
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) { /* nothing was pending */ }
}
