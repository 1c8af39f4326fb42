/* Counts the calls of a process to files and sockets, and lets the n-th fail.
 *
 * Loaded before the C library (LD_PRELOAD), so that it stands below Python, DuckDB and
 * every other library alike. Only what lies below a folder is counted, and connections;
 * the counters are shared with forked children. `torture_arm` says what to do at the
 * n-th call: fail it with an errno, or send the process a signal and go on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITES = 1, READS = 2, SOCKETS = 4 };
enum { COUNT = 0, FAIL = 1, SIGNAL = 2 };
#define FILES_AT_MOST 4096

struct shared {
    atomic_long count;
    long at;
    int mask, action, number;
    char prefix[PATH_MAX];
    char where[2 * PATH_MAX];
};
static struct shared *state;
static atomic_int armed;
static char kind_of[FILES_AT_MOST]; /* 0 none of ours, 1 a file, 2 a socket */

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void torture_arm(const char *prefix, int mask, long at, int action, int number) {
    atomic_store(&state->count, 0);
    state->mask = mask, state->at = at;
    state->action = action, state->number = number;
    state->where[0] = 0;
    snprintf(state->prefix, sizeof state->prefix, "%s", prefix);
    atomic_store(&armed, 1);
}
void torture_disarm(void) { atomic_store(&armed, 0); }
long torture_count(void) { return atomic_load(&state->count); }
const char *torture_where(void) { return state->where; }

/* Return whether this call is to fail, with errno set. */
static int fails(int class, const char *call, const char *path) {
    if (!(state->mask & class) || atomic_fetch_add(&state->count, 1) + 1 != state->at)
        return 0;
    snprintf(state->where, sizeof state->where, "%s %s", call, path);
    if (state->action == SIGNAL) {
        if (state->number == SIGKILL) kill(getpid(), SIGKILL);
        raise(state->number);
        return 0;
    }
    errno = state->number;
    return state->action == FAIL;
}
static int is_ours(const char *path) {
    char full[PATH_MAX];
    if (!atomic_load(&armed) || path == NULL) return 0;
    if (path[0] != '/') {
        if (getcwd(full, sizeof full) == NULL) return 0;
        path = full;
    }
    return strncmp(path, state->prefix, strlen(state->prefix)) == 0;
}
static int fails_at_path(int class, const char *call, const char *path) {
    return is_ours(path) && fails(class, call, path);
}
static int fails_at_file(int class, const char *call, int file) {
    char link[64], path[PATH_MAX];
    ssize_t length;
    if (!atomic_load(&armed) || file < 0 || file >= FILES_AT_MOST) return 0;
    if (kind_of[file] == 2) {
        int failed = fails(SOCKETS, call, "a connection");
        /* What was reset stays so, and the other side sees it. */
        if (failed) shutdown(file, SHUT_RDWR), errno = state->number;
        return failed;
    }
    if (kind_of[file] != 1) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return fails(class, call, path);
}
static int keep(int file, const char *path) {
    if (file >= 0 && file < FILES_AT_MOST) kind_of[file] = is_ours(path) ? 1 : 0;
    return file;
}

static int is_writing(int flags) {
    return (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
}
#define OPEN(name)                                                         \
    int name(const char *path, int flags, ...) {                           \
        REAL(name);                                                        \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        if (fails_at_path(is_writing(flags) ? WRITES : READS, "open", path)) \
            return -1;                                                     \
        return keep(real(path, flags, mode), path);                        \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                       \
    int name(int folder, const char *path, int flags, ...) {               \
        REAL(name);                                                        \
        va_list rest;                                                      \
        va_start(rest, flags);                                             \
        mode_t mode = va_arg(rest, mode_t);                                \
        va_end(rest);                                                      \
        if (fails_at_path(is_writing(flags) ? WRITES : READS, "open", path)) \
            return -1;                                                     \
        return keep(real(folder, path, flags, mode), path);                \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int file) {
    REAL(close);
    if (file >= 0 && file < FILES_AT_MOST) kind_of[file] = 0;
    return real(file);
}

#define ON_FILE(type, name, class, call, parameters, arguments) \
    type name parameters {                                      \
        REAL(name);                                             \
        if (fails_at_file(class, call, file)) return -1;        \
        return real arguments;                                  \
    }
ON_FILE(ssize_t, write, WRITES, "write", (int file, const void *data, size_t size),
        (file, data, size))
ON_FILE(ssize_t, pwrite, WRITES, "write",
        (int file, const void *data, size_t size, off_t at), (file, data, size, at))
ON_FILE(ssize_t, pwrite64, WRITES, "write",
        (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
ON_FILE(ssize_t, writev, WRITES, "write", (int file, const struct iovec *parts, int n),
        (file, parts, n))
ON_FILE(ssize_t, read, READS, "read", (int file, void *data, size_t size),
        (file, data, size))
ON_FILE(ssize_t, pread, READS, "read", (int file, void *data, size_t size, off_t at),
        (file, data, size, at))
ON_FILE(ssize_t, pread64, READS, "read",
        (int file, void *data, size_t size, off64_t at), (file, data, size, at))
ON_FILE(int, fsync, WRITES, "fsync", (int file), (file))
ON_FILE(int, fdatasync, WRITES, "fsync", (int file), (file))
ON_FILE(int, ftruncate, WRITES, "truncate", (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, WRITES, "truncate", (int file, off64_t size), (file, size))
ON_FILE(int, flock, READS, "lock", (int file, int operation), (file, operation))
ON_FILE(ssize_t, send, SOCKETS, "send",
        (int file, const void *data, size_t size, int flags), (file, data, size, flags))
ON_FILE(ssize_t, recv, SOCKETS, "receive",
        (int file, void *data, size_t size, int flags), (file, data, size, flags))

int connect(int file, const struct sockaddr *address, socklen_t length) {
    REAL(connect);
    if (atomic_load(&armed) && address->sa_family != AF_UNIX) {
        if (file >= 0 && file < FILES_AT_MOST) kind_of[file] = 2;
        if (fails(SOCKETS, "connect", "a connection")) return -1;
    }
    return real(file, address, length);
}

#define ON_PATH(name, call, parameters, arguments, path)     \
    int name parameters {                                    \
        REAL(name);                                          \
        if (fails_at_path(WRITES, call, path)) return -1;    \
        return real arguments;                               \
    }
ON_PATH(rename, "rename", (const char *from, const char *to), (from, to), to)
ON_PATH(renameat, "rename", (int folder, const char *from, int other, const char *to),
        (folder, from, other, to), to)
ON_PATH(unlink, "remove", (const char *path), (path), path)
ON_PATH(unlinkat, "remove", (int folder, const char *path, int flags),
        (folder, path, flags), path)
ON_PATH(mkdir, "make folder", (const char *path, mode_t mode), (path, mode), path)
ON_PATH(rmdir, "remove folder", (const char *path), (path), path)
ON_PATH(link, "link", (const char *from, const char *to), (from, to), to)
ON_PATH(linkat, "link",
        (int folder, const char *from, int other, const char *to, int flags),
        (folder, from, other, to, flags), to)
