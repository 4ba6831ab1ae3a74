#ifndef WEIR_CSHIM_H
#define WEIR_CSHIM_H
#include <stddef.h>
#include <stdint.h>

/// Nanoseconds of CLOCK_MONOTONIC.
uint64_t shim_monotonic_ns(void);
/// CPU nanoseconds of this process, user and system.
uint64_t shim_process_cpu_ns(void);
/// CPU nanoseconds of this thread.
uint64_t shim_thread_cpu_ns(void);
/// Peak resident memory of this process in bytes; 0 when the kernel does not tell.
uint64_t shim_peak_memory_bytes(void);
/// Asks the kernel to wake sleepers of this thread without slack.
void shim_precise_timers(void);
/// Tells the processor that this is a spin loop.
void shim_pause(void);
/// Opens a new file for writing, private to the user. Returns the descriptor, or -errno.
int shim_create_file(const char *path, int exclusive);
/// Writes all bytes; returns 0, or -errno.
int shim_write_all(int fd, const void *bytes, size_t count);
/// Opens a file for reading. Returns the descriptor, or -errno.
int shim_open_file(const char *path);
/// Reads at most count bytes at the current place; returns how many, 0 at the end, or -errno.
long shim_read_some(int fd, void *bytes, size_t count);
/// Reads at most count bytes at an offset; returns how many, 0 at the end, or -errno.
long shim_read_at(int fd, void *bytes, size_t count, uint64_t offset);
/// Size of an open file in bytes, or -errno.
long shim_file_size(int fd);
/// Flushes file contents to the disk; returns 0, or -errno.
int shim_sync(int fd);
void shim_close(int fd);
/// Gives a file another name, replacing what had it; returns 0, or -errno.
int shim_rename(const char *from, const char *to);
/// Opens an existing file for writing at its end. Returns the descriptor, or -errno.
int shim_open_append(const char *path);
/// Cuts an open file to a size; returns 0, or -errno.
int shim_truncate(int fd, uint64_t size);
/// Removes a file; returns 0, or -errno.
int shim_remove(const char *path);
/// The message of an errno value.
const char *shim_error_text(int error_number);

/// Lets the allocator keep what is freed, up to a bound, instead of giving it back and asking anew.
void shim_keep_freed_memory(void);

/// Number of SIGINT and SIGTERM seen since shim_watch_interrupts.
int shim_interrupt_count(void);
void shim_watch_interrupts(void);
/// A descriptor that becomes readable at each interrupt; for epoll.
int shim_interrupt_fd(void);

/// epoll: a set of descriptors. Returns the descriptor, or -errno.
int shim_epoll_create(void);
int shim_epoll_add(int epoll_fd, int fd, uint64_t tag);
/// Waits until a descriptor is readable or the time is over; returns the number of ready ones
/// (their tags in `tags`), or -errno.
int shim_epoll_wait(int epoll_fd, uint64_t *tags, int capacity, int64_t timeout_ns);
int shim_eventfd_create(void);
void shim_eventfd_signal(int fd);
void shim_eventfd_drain(int fd);
#endif
