#define _GNU_SOURCE
#include "process.h"
#include <signal.h>
#include <string.h>
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
