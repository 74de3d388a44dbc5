// Which file an open descriptor is. The C library hides statx behind a switch that Swift does not set, so the system is asked directly.
#include <stdbool.h>
#include <stdint.h>

struct file_birth {
    uint64_t inode;
    int64_t nanoseconds;  // since 1970, when the file was made; 0 when the file system does not know
};

#if defined(__linux__)
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline bool read_file_birth(int descriptor, struct file_birth *birth) {
    struct statx found;
    const int empty_path = 0x1000;  // AT_EMPTY_PATH: the descriptor itself
    if (syscall(SYS_statx, descriptor, "", empty_path, STATX_INO | STATX_BTIME, &found) != 0) return false;
    birth->inode = found.stx_ino;
    birth->nanoseconds = 0;
    if ((found.stx_mask & STATX_BTIME) != 0) {
        birth->nanoseconds = found.stx_btime.tv_sec * 1000000000 + found.stx_btime.tv_nsec;
    }
    return true;
}
#else
static inline bool read_file_birth(int descriptor, struct file_birth *birth) { return false; }
#endif
