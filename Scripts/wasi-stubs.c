// libc's error paths can print, and printing asks for three functions of WASI. A browser has none of them, so they fail here with ENOSYS,
// and the module's only import stays `env.random`.
#include <stdint.h>
enum { ENOSYS_WASI = 52 };
int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd) {
  (void)fd;
  return ENOSYS_WASI;
}
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t result) {
  (void)fd, (void)offset, (void)whence, (void)result;
  return ENOSYS_WASI;
}
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t vectors, int32_t count, int32_t result) {
  (void)fd, (void)vectors, (void)count, (void)result;
  return ENOSYS_WASI;
}
