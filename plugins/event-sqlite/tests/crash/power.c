/* A disk that can lose its power, and that can fail.
 *
 * Preloaded into a process, this stands between it and the system's calls for all files below POWER_ROOT.
 *
 * - A file that is synced is copied as it is then into POWER_SYNCED, under the number of its inode. What is copied is
 *   what survives. A directory that is synced is a list of names and inodes there: a file whose name isn't in it is
 *   gone, and one that was deleted afterwards is there again.
 * - With POWER_CUT=n, the process is killed before the n-th call that writes, syncs, truncates or deletes.
 * - While the file POWER_FAULT is there, calls fail. It holds an errno, the call ("write" or "sync") and the end of
 *   the names of the files that it is about: "5 sync -wal".
 *
 * The -shm file is memory, and no part of a disk. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *root, *synced, *fault;
static atomic_long calls_left;

static int (*real_fsync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    root = getenv("POWER_ROOT");
    synced = getenv("POWER_SYNCED");
    fault = getenv("POWER_FAULT");
    const char *cut = getenv("POWER_CUT");
    calls_left = cut ? atol(cut) : LONG_MAX;
}

/* What would make the test say something that isn't so ends it. */
static void must(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "power.c: %s: %s\n", what, strerror(errno));
        abort();
    }
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Whether the path is on the disk. */
static int is_ours(const char *path) {
    size_t length = root ? strlen(root) : 0;
    return length && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length])
        && !ends_with(path, "-shm");
}

static int path_of(int fd, char path[PATH_MAX]) {
    int before = errno;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

/* Before each call: is it the last one, and does it fail? */
static int fails(const char *call, const char *path) {
    if (atomic_fetch_sub(&calls_left, 1) <= 1) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    FILE *file = fault ? fopen(fault, "r") : NULL;
    if (!file) return 0;
    int number = 0;
    char which[16] = "", end[64] = "";
    int read = fscanf(file, "%d %15s %63s", &number, which, end);
    fclose(file);
    if (read != 3 || strcmp(which, call) != 0 || !ends_with(path, end)) return 0;
    errno = number;
    return 1;
}

static void write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = real_write(fd, bytes, length);
        must(written > 0, "a copy can't be written");
        bytes += written;
        length -= written;
    }
}

/* By the descriptor that there is: to close another one would give up the process's locks on the file. */
static void copy_file(int from, int to) {
    static char bytes[1 << 16];
    off_t at = 0;
    ssize_t count;
    while ((count = pread(from, bytes, sizeof bytes, at)) > 0) {
        write_all(to, bytes, count);
        at += count;
    }
    must(count == 0, "a file can't be read");
}

static void copy_names(const char *path, int to) {
    DIR *directory = opendir(path);
    must(directory != NULL, "a directory can't be read");
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char line[PATH_MAX];
        snprintf(line, sizeof line, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
        write_all(to, line, strlen(line));
    }
    closedir(directory);
}

/* What is there now survives. Whole or not at all: the process can be killed while this is written. */
static void survive(int fd, const char *path) {
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    struct stat stat;
    must(fstat(fd, &stat) == 0, "a file can't be looked at");
    char name[PATH_MAX], written[PATH_MAX];
    snprintf(name, sizeof name, "%s/%lu", synced, (unsigned long)stat.st_ino);
    pthread_mutex_lock(&one_at_a_time);
    snprintf(written, sizeof written, "%s/unfinished", synced);
    int to = open(written, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(to >= 0, "a copy can't be made");
    if (S_ISDIR(stat.st_mode)) {
        copy_names(path, to);
    } else {
        copy_file(fd, to);
    }
    close(to);
    must(rename(written, name) == 0, "a copy can't be kept");
    pthread_mutex_unlock(&one_at_a_time);
}

int fsync(int fd) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real_fsync(fd);
    if (fails("sync", path)) return -1;
    /* The copy is the disk. The real one needn't be waited for. */
    if (synced) survive(fd, path);
    return 0;
}

int fdatasync(int fd) { return fsync(fd); }

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (path_of(fd, path) && fails("write", path)) return -1;
    return real_write(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    char path[PATH_MAX];
    if (path_of(fd, path) && fails("write", path)) return -1;
    return real_pwrite(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int ftruncate64(int fd, off_t length) {
    char path[PATH_MAX];
    if (path_of(fd, path) && fails("truncate", path)) return -1;
    return real_ftruncate(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    struct stat stat;
    if (!is_ours(path) || lstat(path, &stat) != 0) return real_unlink(path);
    if (fails("unlink", path)) return -1;
    if (!synced) return real_unlink(path);
    /* Out of the way, and not deleted: a new file could get its inode, and be taken for it. */
    char grave[PATH_MAX];
    snprintf(grave, sizeof grave, "%s/deleted-%lu", synced, (unsigned long)stat.st_ino);
    must(rename(path, grave) == 0, "a file can't be put aside");
    return 0;
}
