/* A disk whose power may fail: preloaded into a process, it keeps beside the files what a power cut would leave of them.
 *
 * POWER_DISK names a folder; there is
 *   content/KEY    a file's bytes as of its last successful fsync or fdatasync; KEY is inode and time of birth
 *   names          the entries of the watched folder as of its last fsync, a line "KEY NAME" each
 * POWER_FOLDER names the folder that is watched. What was never synchronised is not there: a name without content is an empty file, content
 * without a name is lost. That is the least a file system promises; real ones mostly keep more.
 *
 * POWER_CUT=n ends the process at the n-th synchronisation, before it happens. With POWER_TORN=1 the first half of what that one would have
 * brought to the disk is there, the rest is not.
 *
 * Build: cc -shared -fPIC -o power.so power.c -ldl
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { cut_status = 99, key_size = 64, chunk = 65536 };

typedef int sync_call(int);
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static sync_call *real_fsync, *real_fdatasync;
static const char *disk, *folder;
static long calls, cut_at;
static int is_torn;

__attribute__((constructor)) static void prepare(void) {
  char path[PATH_MAX];
  real_fsync = (sync_call *)dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (sync_call *)dlsym(RTLD_NEXT, "fdatasync");
  disk = getenv("POWER_DISK");
  folder = getenv("POWER_FOLDER");
  cut_at = getenv("POWER_CUT") ? atol(getenv("POWER_CUT")) : 0;
  is_torn = getenv("POWER_TORN") != NULL;
  if (!disk || !folder) {
    disk = NULL;
    return;
  }
  snprintf(path, sizeof path, "%s/content", disk);
  mkdir(path, 0700);
}

/* Nothing that happens on this disk may be lost silently: the test must not pass by it. */
static void fail(const char *what) {
  fprintf(stderr, "power.c: %s: %s\n", what, strerror(errno));
  _exit(98);
}

/* Numbers of inodes are used again; with the time of birth they are not. */
static int key_of(int dir, const char *name, char key[key_size]) {
  struct statx s;
  if (statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &s)) return -1;
  snprintf(key, key_size, "%llu-%lld-%u", (unsigned long long)s.stx_ino, (long long)s.stx_btime.tv_sec, s.stx_btime.tv_nsec);
  return 0;
}

static void copy(int from, int to, off_t end) {
  char buffer[chunk];
  off_t at = 0;
  while (at < end) {
    ssize_t n = pread(from, buffer, end - at < chunk ? end - at : chunk, at);
    if (n < 0) fail("pread");
    if (n == 0) return;
    if (pwrite(to, buffer, n, at) != n) fail("pwrite");
    at += n;
  }
}

/* Copies the whole file, or its first half over what the disk has, and puts the copy in place at once. */
static void keep_content(int fd, const char *key, int half) {
  char link[64], path[PATH_MAX], fresh[PATH_MAX + 8];
  struct stat size;
  int from = fd;
  /* A second descriptor only where this one is for writing only: to close it drops the process's locks on the file, and SQLite's are such. */
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    from = open(link, O_RDONLY | O_CLOEXEC);
  }
  if (from < 0 || fstat(from, &size)) fail("content");
  snprintf(path, sizeof path, "%s/content/%s", disk, key);
  snprintf(fresh, sizeof fresh, "%s.fresh", path);
  int to = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (to < 0) fail(fresh);
  if (half) {
    int old = open(path, O_RDONLY | O_CLOEXEC);
    if (old >= 0) {
      copy(old, to, LLONG_MAX);
      close(old);
    }
  }
  copy(from, to, half ? size.st_size / 2 : size.st_size);
  if (from != fd) close(from);
  close(to);
  if (rename(fresh, path)) fail("rename");
}

static void keep_names(void) {
  char path[PATH_MAX], fresh[PATH_MAX + 8], key[key_size];
  snprintf(path, sizeof path, "%s/names", disk);
  snprintf(fresh, sizeof fresh, "%s.fresh", path);
  FILE *list = fopen(fresh, "w");
  DIR *entries = opendir(folder);
  struct dirent *entry;
  if (!list || !entries) fail("names");
  while ((entry = readdir(entries)))
    if (entry->d_type == DT_REG && !key_of(dirfd(entries), entry->d_name, key)) fprintf(list, "%s %s\n", key, entry->d_name);
  closedir(entries);
  if (fclose(list)) fail("names");
  if (rename(fresh, path)) fail("rename");
}

/* Whether the descriptor is the watched folder, or a file in it. */
static int is_watched(int fd, struct stat *status) {
  char link[64], path[PATH_MAX];
  size_t length = strlen(folder);
  if (fstat(fd, status)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  if (S_ISDIR(status->st_mode)) return !strcmp(path, folder);
  return S_ISREG(status->st_mode) && !strncmp(path, folder, length) && path[length] == '/';
}

static int synchronise(int fd, sync_call *real) {
  struct stat status;
  char key[key_size];
  if (!disk || !is_watched(fd, &status)) return real(fd);
  pthread_mutex_lock(&turn);
  int is_file = S_ISREG(status.st_mode);
  if (is_file && key_of(fd, "", key)) fail("statx");
  if (++calls == cut_at) {
    if (is_torn && is_file) keep_content(fd, key, 1);
    _exit(cut_status);
  }
  int result = real(fd);
  if (!result) {
    if (is_file) keep_content(fd, key, 0);
    else keep_names();
  }
  pthread_mutex_unlock(&turn);
  return result;
}

int fsync(int fd) { return synchronise(fd, real_fsync); }
int fdatasync(int fd) { return synchronise(fd, real_fdatasync); }
