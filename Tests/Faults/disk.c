/* A disk that is full or broken, switched while a process runs.
 *
 * FAULT_FOLDER names the folder whose files are affected, FAULT_SWITCH a file (elsewhere) that is read at each call:
 *   full    writing and growing fail with ENOSPC
 *   half    a write brings the first half of its bytes and then fails with ENOSPC at the next
 *   sync    fsync and fdatasync fail with EIO; what was written stays written
 * Anything else, or no file: all is well.
 *
 * Build: cc -shared -fPIC -o disk.so disk.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum fault { none, full, half, sync_fails };

/* Through the kernel's own calls as far as they are not replaced here, so that asking does not ask again. */
static enum fault current(int fd) {
  const char *folder = getenv("FAULT_FOLDER"), *name = getenv("FAULT_SWITCH");
  char link[64], path[PATH_MAX], word[8] = "";
  int kept = errno;
  enum fault found = none;
  if (!folder || !name) return none;
  size_t length = strlen(folder);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n > 0) {
    path[n] = 0;
    if (!strncmp(path, folder, length) && (path[length] == '/' || !path[length])) {
      int file = open(name, O_RDONLY | O_CLOEXEC);
      if (file >= 0) {
        if (read(file, word, sizeof word - 1) > 0) {
          if (!strncmp(word, "full", 4)) found = full;
          if (!strncmp(word, "half", 4)) found = half;
          if (!strncmp(word, "sync", 4)) found = sync_fails;
        }
        close(file);
      }
    }
  }
  errno = kept;
  return found;
}

/* How many of `count` bytes may be written; 0: none. A single byte cannot be halved. */
static size_t allowed(int fd, size_t count) {
  switch (current(fd)) {
    case full: return 0;
    case half: return count / 2;
    default: return count;
  }
}

static int no_space(void) {
  errno = ENOSPC;
  return -1;
}

#define REAL(name, type) static type *real; if (!real) real = (type *)dlsym(RTLD_NEXT, name)

typedef ssize_t write_call(int, const void *, size_t);
typedef ssize_t pwrite_call(int, const void *, size_t, off_t);
typedef int length_call(int, off_t);
typedef int range_call(int, off_t, off_t);
typedef int sync_call(int);

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL("write", write_call);
  size_t most = allowed(fd, count);
  return count && !most ? no_space() : real(fd, bytes, most);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  REAL("pwrite64", pwrite_call);
  size_t most = allowed(fd, count);
  return count && !most ? no_space() : real(fd, bytes, most, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

int posix_fallocate64(int fd, off64_t at, off64_t count) {
  REAL("posix_fallocate64", range_call);
  return current(fd) == full ? ENOSPC : real(fd, at, count);
}

int ftruncate64(int fd, off64_t size) {
  REAL("ftruncate64", length_call);
  struct stat now;
  return current(fd) == full && !fstat(fd, &now) && size > now.st_size ? no_space() : real(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synchronise(int fd, sync_call *real) {
  if (current(fd) == sync_fails) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}

int fsync(int fd) {
  REAL("fsync", sync_call);
  return synchronise(fd, real);
}

int fdatasync(int fd) {
  REAL("fdatasync", sync_call);
  return synchronise(fd, real);
}
