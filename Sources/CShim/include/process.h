#ifndef WEIR_PROCESS_H
#define WEIR_PROCESS_H

/// From now on a trap, an illegal instruction or a bad access writes `message` to stderr and ends
/// the process with `code`, in place of a core dump. `message` must live as long as the process.
void shim_watch_crashes(const char *message, int code);
/// Lets SIGINT and SIGTERM through, whatever the parent process had blocked.
void shim_unblock_interrupts(void);
/// The environment of this process, for a child.
char **shim_environment(void);
#endif
