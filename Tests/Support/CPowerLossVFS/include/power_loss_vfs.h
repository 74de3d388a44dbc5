// A disk for SQLite that lives in memory and forgets what was not synced when its power is cut.
//
// Open a database on it as "file:/NAME/FILE?vfs=power-loss", where NAME is that of a disk made before. Everything is under one
// lock; a disk may be used by any thread.

#ifndef POWER_LOSS_VFS_H
#define POWER_LOSS_VFS_H

#include <stdint.h>

typedef struct power_disk power_disk;

// What a fault strikes.
enum {
    power_on_write = 1,
    power_on_sync = 2,
    power_on_truncate = 4,
    power_on_create = 8,
    power_on_delete = 16,
    power_on_read = 32,
    // All that changes the disk.
    power_on_change = 31
};

// Makes a disk without files, and registers the VFS when it is the first. NULL when there is no memory.
power_disk *power_disk_make(const char *name);

// Frees a disk. Databases opened on it must be closed.
void power_disk_free(power_disk *disk);

// Turns the machine off just before the nth operation from now that changes the disk; 0 for the next one, negative for never.
void power_disk_turn_off_after(power_disk *disk, int64_t operations);

// Whether the machine is off: every operation fails until the cut is over.
int power_disk_is_off(power_disk *disk);

// Cuts the power and turns the machine on again. Of what was not synced, a part chosen by `seed` is on the disk: blocks of 512
// bytes, whole or torn, in any order; sizes; names of files made or deleted. Handles opened before stay dead.
void power_disk_cut(power_disk *disk, uint64_t seed);

// Makes operations fail with an SQLite result code: `after` matching ones succeed first, then `times` fail (negative: all, until
// the faults are lifted). A failed sync loses what it was to write: the system takes it for written, and the disk never got it.
void power_disk_fail(power_disk *disk, int operations, int code, int64_t after, int64_t times);

// Files may not grow beyond this sum of bytes (SQLITE_FULL); negative for no bound.
void power_disk_limit(power_disk *disk, int64_t bytes);

// Ends all faults, and the limit.
void power_disk_lift(power_disk *disk);

// The mutation: syncs succeed and do nothing.
void power_disk_ignore_sync(power_disk *disk, int ignores);

// Every sync takes so long.
void power_disk_slow_sync(power_disk *disk, int64_t microseconds);

// Operations so far that changed the disk; faults that struck; bytes in all files.
int64_t power_disk_changes(power_disk *disk);
int64_t power_disk_faults(power_disk *disk);
int64_t power_disk_bytes(power_disk *disk);

#endif
