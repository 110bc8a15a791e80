/* A disk that can lose its power, and that can fail.
 *
 * Preloaded into a process, this stands between it and the system's calls for all files below POWER_ROOT.
 *
 * - When a file is synced, its pages that were written since the last time are copied into POWER_SYNCED, under the
 *   number of its inode. What is copied is what survives. A directory that is synced is a list of names and inodes
 *   there: a file whose name isn't in it is gone, and one that was deleted afterwards is there again.
 * - With POWER_CUT=n, the process is killed before the n-th call that writes, syncs, truncates or deletes.
 * - While the file POWER_FAULT is there, calls fail. It holds an errno, the call ("write" or "sync") and the end of
 *   the names of the files that it is about: "5 sync -wal".
 * - With POWER_FAILS=n, each n-th call fails if it is one that writes or syncs.
 *
 * As on Linux, a page whose sync failed isn't synced by the next one, unless it is written again.
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
static atomic_long calls_left, calls;
static long fails_each;

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
    const char *each = getenv("POWER_FAILS");
    fails_each = each ? atol(each) : 0;
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
    if (fails_each && (atomic_fetch_add(&calls, 1) + 1) % fails_each == 0
        && (strcmp(call, "write") == 0 || strcmp(call, "sync") == 0)) {
        errno = EIO;
        return 1;
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

static void write_all(int fd, const char *bytes, size_t length, off_t at) {
    while (length > 0) {
        ssize_t written = real_pwrite(fd, bytes, length, at);
        must(written > 0, "a copy can't be written");
        bytes += written;
        length -= written;
        at += written;
    }
}

#define PAGE 4096
#define MOST_PAGES 65536
#define MOST_FILES 256

/* Which pages of a file were written since it was synced last. */
struct file {
    ino_t inode;
    unsigned char written[MOST_PAGES];
};

static struct file *files[MOST_FILES];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static struct file *file_of(ino_t inode) {
    for (int at = 0; at < MOST_FILES; at++) {
        if (!files[at]) {
            files[at] = calloc(1, sizeof *files[at]);
            must(files[at] != NULL, "there is no memory");
            files[at]->inode = inode;
        }
        if (files[at]->inode == inode) return files[at];
    }
    must(0, "there are too many files");
    return NULL;
}

static void mark(int fd, size_t length, off_t at) {
    struct stat stat;
    must(fstat(fd, &stat) == 0, "a file can't be looked at");
    struct file *file = file_of(stat.st_ino);
    for (off_t page = at / PAGE; length && page <= (off_t)(at + length - 1) / PAGE; page++) {
        must(page < MOST_PAGES, "a file is too large");
        file->written[page] = 1;
    }
}

/* By the descriptor that there is: to close another one would give up the process's locks on the file. */
static void copy_pages(int from, struct file *file, off_t size, int to) {
    char bytes[PAGE];
    for (off_t page = 0; page < MOST_PAGES; page++) {
        if (!file->written[page] || page * PAGE >= size) continue;
        ssize_t count = pread(from, bytes, PAGE, page * PAGE);
        must(count >= 0, "a file can't be read");
        write_all(to, bytes, count, page * PAGE);
    }
    must(real_ftruncate(to, size) == 0, "a copy can't get its size");
}

static void copy_names(const char *path, int to) {
    DIR *directory = opendir(path);
    must(directory != NULL, "a directory can't be read");
    off_t at = 0;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char line[PATH_MAX];
        int length = snprintf(line, sizeof line, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
        write_all(to, line, length, at);
        at += length;
    }
    closedir(directory);
}

/* What is there now survives. A directory does so whole or not at all, since the process can be killed meanwhile. */
static void survive(int fd, const char *path, const struct stat *stat) {
    char name[PATH_MAX], written[PATH_MAX];
    snprintf(name, sizeof name, "%s/%lu", synced, (unsigned long)stat->st_ino);
    snprintf(written, sizeof written, "%s/unfinished", synced);
    int is_directory = S_ISDIR(stat->st_mode);
    int to = open(is_directory ? written : name, O_WRONLY | O_CREAT | (is_directory ? O_TRUNC : 0), 0600);
    must(to >= 0, "a copy can't be made");
    if (is_directory) {
        copy_names(path, to);
        must(rename(written, name) == 0, "a copy can't be kept");
    } else {
        copy_pages(fd, file_of(stat->st_ino), stat->st_size, to);
    }
    close(to);
}

int fsync(int fd) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real_fsync(fd);
    struct stat stat;
    must(fstat(fd, &stat) == 0, "a file can't be looked at");
    int failed = fails("sync", path);
    /* The copy is the disk. The real one needn't be waited for. */
    if (synced) {
        pthread_mutex_lock(&one_at_a_time);
        if (!failed) survive(fd, path, &stat);
        if (!S_ISDIR(stat.st_mode)) memset(file_of(stat.st_ino)->written, 0, MOST_PAGES);
        pthread_mutex_unlock(&one_at_a_time);
    }
    return failed ? -1 : 0;
}

int fdatasync(int fd) { return fsync(fd); }

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real_write(fd, bytes, length);
    if (fails("write", path)) return -1;
    pthread_mutex_lock(&one_at_a_time);
    mark(fd, length, lseek(fd, 0, SEEK_CUR));
    ssize_t written = real_write(fd, bytes, length);
    pthread_mutex_unlock(&one_at_a_time);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    char path[PATH_MAX];
    if (!path_of(fd, path)) return real_pwrite(fd, bytes, length, at);
    if (fails("write", path)) return -1;
    pthread_mutex_lock(&one_at_a_time);
    mark(fd, length, at);
    ssize_t written = real_pwrite(fd, bytes, length, at);
    pthread_mutex_unlock(&one_at_a_time);
    return written;
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
