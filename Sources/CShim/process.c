#define _GNU_SOURCE
#include "process.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *crash_message;
static size_t crash_length;
static int crash_code;

static void on_crash(int number) {
  (void)number;
  if (write(2, crash_message, crash_length) < 0) { /* nothing to do */ }
  _exit(crash_code);
}

void shim_watch_crashes(const char *message, int code) {
  // A stack of its own, since the common cause of a bad access is a full stack.
  static char stack[16384];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  crash_message = message;
  crash_length = strlen(message);
  crash_code = code;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGTRAP, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGABRT, &action, NULL);
}

void shim_unblock_interrupts(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

char **shim_environment(void) { return environ; }

int shim_spawn(const char *path, char *const *arguments, char *const *environment,
               const char *directory, const char *input, const char *output,
               const char *log_path, int politeness) {
  int log = open(log_path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return -errno;
  int nothing = open(input ? input : "/dev/null", O_RDONLY | O_CLOEXEC);
  int said = output ? open(output, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600) : dup(log);
  if (nothing < 0 || said < 0) {
    int code = -errno;
    close(log);
    if (nothing >= 0) close(nothing);
    if (said >= 0) close(said);
    return code;
  }
  pid_t parent = getpid();
  volatile int failure = 0;
  sigset_t all, before;
  sigfillset(&all);
  char group[16];
  int group_length = snprintf(group, sizeof group, "%d", politeness);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  // The child borrows the memory of this process until it executes: only system calls there.
  pid_t child = vfork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (nice(politeness) < 0) { /* it stays as it was */ }
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent ||
        dup2(nothing, 0) < 0 || dup2(said, 1) < 0 || dup2(log, 2) < 0 ||
        (directory && chdir(directory) < 0) ||
        sigprocmask(SIG_SETMASK, &none, NULL) < 0) {
      failure = errno ? errno : ECHILD;
      _exit(127);
    }
    // Where sessions are scheduled as groups, a number of the process alone yields to nobody else.
    int own_group = politeness ? open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC) : -1;
    if (own_group >= 0) {
      if (write(own_group, group, group_length) < 0) { /* it stays as it was */ }
      close(own_group);
    }
    execve(path, arguments, environment);
    failure = errno;
    _exit(127);
  }
  int code = child < 0 ? -errno : child;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(log);
  close(nothing);
  close(said);
  if (child > 0 && failure) {
    waitpid(child, NULL, 0);
    return -failure;
  }
  return code;
}

int shim_go_first(void) {
  struct sched_param priority = {.sched_priority = 1};
  return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority) < 0 ? -errno : 0;
}

void shim_go_along(void) {
  struct sched_param none = {.sched_priority = 0};
  sched_setscheduler(0, SCHED_OTHER, &none);
}

int shim_process_id(void) { return getpid(); }

int shim_kill(int process, int number) { return kill(process, number) < 0 ? -errno : 0; }

int shim_wait(int process, int block) {
  int status = 0;
  for (;;) {
    pid_t found = waitpid(process, &status, block ? 0 : WNOHANG);
    if (found == 0) return -EAGAIN;
    if (found > 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (errno != EINTR) return -errno;
  }
}

static int loopback_socket(int port, struct sockaddr_in *address) {
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_port = htons((uint16_t)port);
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int shim_free_port(void) {
  struct sockaddr_in address;
  int fd = loopback_socket(0, &address);
  if (fd < 0) return -errno;
  socklen_t length = sizeof address;
  int code = 0;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) < 0)
    code = -errno;
  else
    code = ntohs(address.sin_port);
  close(fd);
  return code;
}

int shim_port_is_open(int port) {
  struct sockaddr_in address;
  int fd = loopback_socket(port, &address);
  if (fd < 0) return 0;
  int open = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return open;
}
