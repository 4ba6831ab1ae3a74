#ifndef WEIR_PROCESS_H
#define WEIR_PROCESS_H

/// From now on a trap, an illegal instruction or a bad access writes `message` to stderr and ends
/// the process with `code`, in place of a core dump. `message` must live as long as the process.
void shim_watch_crashes(const char *message, int code);
/// Lets SIGINT and SIGTERM through, whatever the parent process had blocked.
void shim_unblock_interrupts(void);
/// The environment of this process, for a child.
char **shim_environment(void);
/// The number of this process.
int shim_process_id(void);
/// Lets the calling thread run before all usual ones as soon as it has something to do; threads and
/// processes that it starts are usual ones. Returns 0, or -errno where the system does not allow it.
int shim_go_first(void);
/// Makes the calling thread a usual one again.
void shim_go_along(void);
/// Starts a program in a session of its own and in `directory` (NULL: this one). stdin comes from the
/// file `input` (NULL: nothing), stdout goes to the file `output` (NULL: the log), stderr to the end
/// of the file `log_path`; its priority is lower by `politeness`. It is killed when the calling
/// thread ends, however that happens. Returns its process id, or -errno.
int shim_spawn(const char *path, char *const *arguments, char *const *environment,
               const char *directory, const char *input, const char *output,
               const char *log_path, int politeness);
/// Sends a signal; returns 0, or -errno.
int shim_kill(int process, int number);
/// Waits for a child. Returns its exit code, 128 and the signal that ended it, or -errno; with
/// `block` 0, -EAGAIN while it runs.
int shim_wait(int process, int block);
/// A port of 127.0.0.1 that is free now, or -errno.
int shim_free_port(void);
/// True when something accepts connections at a port of 127.0.0.1.
int shim_port_is_open(int port);
#endif
