#include "power_loss_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { block = 512, rules_max = 8, regions_max = 256, shm_locks = 8, path_max = 512 };

typedef struct handle handle;

// A file's contents: what programs see, and what is on the disk.
typedef struct {
    uint8_t *seen, *kept;
    uint8_t *dirty;  // one byte for each block of `seen` that differs from `kept`
    int64_t seen_size, kept_size, room;
    int references;
    int shared;
    handle *writer;
    int is_pending;
    void *regions[regions_max];
    int region_count, shm_users;
    int shm_shared[shm_locks];
    handle *shm_exclusive[shm_locks];
} node;

typedef struct name {
    struct name *next;
    node *seen, *kept;
    char path[path_max];
} name;

typedef struct {
    int operations, code;
    int64_t after, times;
} rule;

struct power_disk {
    struct power_disk *next;
    char name[64];
    name *names;
    rule rules[rules_max];
    int64_t off_after, limit, changes, faults, sync_microseconds;
    int is_off, ignores_sync;
    int generation;
};

struct handle {
    sqlite3_file base;
    power_disk *disk;  // NULL for temporary files, which need no disk
    node *node;
    int generation, level, syncs_directory;
    int shm_shared, shm_exclusive, uses_shm;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static power_disk *disks;

// Nodes

static node *node_make(void) { return calloc(1, sizeof(node)); }

static void node_release(node *n) {
    if (!n || --n->references > 0) return;
    for (int i = 0; i < n->region_count; i++) free(n->regions[i]);
    free(n->seen);
    free(n->kept);
    free(n->dirty);
    free(n);
}

static void point(node **place, node *n) {
    if (n) n->references++;
    node_release(*place);
    *place = n;
}

static int reserve(node *n, int64_t size) {
    if (size <= n->room) return SQLITE_OK;
    int64_t room = n->room ? n->room : 64 * block;
    while (room < size) room *= 2;
    uint8_t *seen = realloc(n->seen, room);
    if (seen) n->seen = seen;
    uint8_t *kept = realloc(n->kept, room);
    if (kept) n->kept = kept;
    uint8_t *dirty = realloc(n->dirty, room / block);
    if (dirty) n->dirty = dirty;
    if (!seen || !kept || !dirty) return SQLITE_NOMEM;
    memset(seen + n->room, 0, room - n->room);
    memset(kept + n->room, 0, room - n->room);
    memset(dirty + n->room / block, 0, (room - n->room) / block);
    n->room = room;
    return SQLITE_OK;
}

static void mark(node *n, int64_t from, int64_t to) {
    for (int64_t i = from / block; i * block < to; i++) n->dirty[i] = 1;
}

static void sync_node(node *n) {
    for (int64_t i = 0; i < n->room / block; i++) {
        if (n->dirty[i]) memcpy(n->kept + i * block, n->seen + i * block, block);
    }
    memset(n->dirty, 0, n->room / block);
    n->kept_size = n->seen_size;
}

// Linux marks pages clean after a failed write-back: they can be read until then, and no later sync writes them.
static void drop_node(node *n) { memset(n->dirty, 0, n->room / block); }

// Disks

static name *find(power_disk *disk, const char *path, int makes) {
    for (name *n = disk->names; n; n = n->next) {
        if (strcmp(n->path, path) == 0) return n;
    }
    name *made = makes ? calloc(1, sizeof(name)) : NULL;
    if (!made) return NULL;
    strncpy(made->path, path, path_max - 1);
    made->next = disk->names;
    disk->names = made;
    return made;
}

static power_disk *disk_of(const char *path) {
    for (power_disk *disk = disks; disk; disk = disk->next) {
        size_t length = strlen(disk->name);
        if (path[0] == '/' && strncmp(path + 1, disk->name, length) == 0 && path[1 + length] == '/') return disk;
    }
    return NULL;
}

static int64_t bytes_of(power_disk *disk) {
    int64_t sum = 0;
    for (name *n = disk->names; n; n = n->next) sum += n->seen ? n->seen->seen_size : 0;
    return sum;
}

static void sync_names(power_disk *disk) {
    for (name *n = disk->names; n; n = n->next) point(&n->kept, n->seen);
}

// Whether an operation may go on: the machine is on, and no fault strikes.
static int begin(power_disk *disk, int operation, int off_code) {
    if (!disk) return SQLITE_OK;
    if (disk->is_off) return off_code;
    if (operation & power_on_change) {
        disk->changes++;
        if (disk->off_after >= 0 && disk->off_after-- == 0) {
            disk->is_off = 1;
            return off_code;
        }
    }
    for (int i = 0; i < rules_max; i++) {
        rule *r = &disk->rules[i];
        if (!(r->operations & operation) || r->times == 0) continue;
        if (r->after > 0) {
            r->after--;
            continue;
        }
        if (r->times > 0) r->times--;
        disk->faults++;
        return r->code;
    }
    return SQLITE_OK;
}

static int begin_handle(handle *h, int operation, int off_code) {
    if (h->disk && h->generation != h->disk->generation) return off_code;
    return begin(h->disk, operation, off_code);
}

// The cut

static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// How a cut treats what was not synced: `keep` of 256 units of `unit` blocks stay.
typedef struct {
    int keep, unit, tears, garbage;
} mood;

static int64_t cut_size(node *n, mood m, uint64_t *seed) {
    if (n->seen_size == n->kept_size) return n->kept_size;
    uint64_t turn = draw(seed) % 256;
    if ((int)turn >= m.keep) return n->kept_size;
    if (n->seen_size < n->kept_size || draw(seed) % 2) return n->seen_size;
    int64_t blocks = (n->seen_size - n->kept_size) / block;
    return blocks ? n->kept_size + (int64_t)(draw(seed) % blocks) * block : n->seen_size;
}

static void cut_node(node *n, mood m, uint64_t *seed) {
    int64_t size = cut_size(n, m, seed);
    int keeps = 0;
    for (int64_t i = 0; i < n->room / block; i++) {
        if (i % m.unit == 0) keeps = (int)(draw(seed) % 256) < m.keep;
        if (!n->dirty[i]) continue;
        uint8_t *to = n->kept + i * block;
        if (keeps) {
            int torn = m.tears && draw(seed) % 16 == 0;
            memcpy(to, n->seen + i * block, torn ? draw(seed) % block : block);
        } else if (m.garbage && i * block >= n->kept_size && draw(seed) % 4 == 0) {
            // What the block held before it belonged to this file.
            for (int j = 0; j < block; j++) to[j] = (uint8_t)draw(seed);
        }
    }
    if (size < n->room) memset(n->kept + size, 0, n->room - size);
    n->kept_size = size;
}

// What the disk holds of a file, as a file that nobody has open.
static node *revived(node *old) {
    node *n = node_make();
    if (!n || reserve(n, old->kept_size) != SQLITE_OK) return n;
    if (old->kept_size > 0) {
        memcpy(n->kept, old->kept, old->kept_size);
        memcpy(n->seen, old->kept, old->kept_size);
    }
    n->kept_size = n->seen_size = old->kept_size;
    return n;
}

void power_disk_cut(power_disk *disk, uint64_t seed) {
    static const int keeps[] = {0, 16, 128, 128, 240, 256};
    pthread_mutex_lock(&lock);
    mood m = {keeps[draw(&seed) % 6], draw(&seed) % 2 ? 1 : 8, (int)(draw(&seed) % 2), draw(&seed) % 4 == 0};
    // A file that lost its name is cut as well; one with two names cannot be.
    for (name *n = disk->names; n; n = n->next) {
        if (n->seen) cut_node(n->seen, m, &seed);
        if (n->kept && n->kept != n->seen) cut_node(n->kept, m, &seed);
    }
    for (name *n = disk->names; n; n = n->next) {
        node *found = (int)(draw(&seed) % 256) < m.keep ? n->seen : n->kept;
        node *now = found ? revived(found) : NULL;
        point(&n->seen, now);
        point(&n->kept, now);
    }
    disk->generation++;
    disk->off_after = -1;
    disk->is_off = 0;
    pthread_mutex_unlock(&lock);
}

// Files

static int file_close(sqlite3_file *file);
static int shm_unmap(sqlite3_file *file, int deletes);

static int file_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset) {
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int code = begin_handle(h, power_on_read, SQLITE_IOERR_READ);
    if (code == SQLITE_OK) {
        int64_t there = h->node->seen_size - offset;
        if (there > count) there = count;
        if (there < 0) there = 0;
        if (there > 0) memcpy(to, h->node->seen + offset, there);
        if (there < count) {
            memset((uint8_t *)to + there, 0, count - there);
            code = SQLITE_IOERR_SHORT_READ;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset) {
    handle *h = (handle *)file;
    node *n = h->node;
    pthread_mutex_lock(&lock);
    int code = begin_handle(h, power_on_write, SQLITE_IOERR_WRITE);
    int64_t growth = offset + count - n->seen_size;
    if (code == SQLITE_OK && h->disk && h->disk->limit >= 0 && growth > 0 &&
        bytes_of(h->disk) + growth > h->disk->limit) {
        h->disk->faults++;
        code = SQLITE_FULL;
    }
    if (code == SQLITE_OK) code = reserve(n, offset + count);
    if (code == SQLITE_OK) {
        memcpy(n->seen + offset, from, count);
        // A hole is as new as what lies beyond it.
        mark(n, growth > 0 && offset > n->seen_size ? n->seen_size : offset, offset + count);
        if (growth > 0) n->seen_size = offset + count;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    handle *h = (handle *)file;
    node *n = h->node;
    pthread_mutex_lock(&lock);
    int code = begin_handle(h, power_on_truncate, SQLITE_IOERR_TRUNCATE);
    if (code == SQLITE_OK && size < n->seen_size) {
        memset(n->seen + size, 0, n->seen_size - size);
        mark(n, size, n->seen_size);
        n->seen_size = size;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_sync(sqlite3_file *file, int flags) {
    (void)flags;
    handle *h = (handle *)file;
    pthread_mutex_lock(&lock);
    int64_t pause = h->disk ? h->disk->sync_microseconds : 0;
    int code = begin_handle(h, power_on_sync, SQLITE_IOERR_FSYNC);
    int is_dead = h->disk && (h->disk->is_off || h->generation != h->disk->generation);
    if (code == SQLITE_OK && !(h->disk && h->disk->ignores_sync)) {
        sync_node(h->node);
        if (h->syncs_directory && h->disk) sync_names(h->disk);
        h->syncs_directory = 0;
    } else if (code != SQLITE_OK && !is_dead) {
        drop_node(h->node);
    }
    pthread_mutex_unlock(&lock);
    if (pause > 0) usleep((useconds_t)pause);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    pthread_mutex_lock(&lock);
    *size = ((handle *)file)->node->seen_size;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level) {
    handle *h = (handle *)file;
    node *n = h->node;
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    if (level > h->level) {
        int is_others = n->writer && n->writer != h;
        if (h->level == SQLITE_LOCK_NONE) {
            if (n->is_pending) {
                code = SQLITE_BUSY;
            } else {
                n->shared++;
                h->level = SQLITE_LOCK_SHARED;
            }
        }
        if (code == SQLITE_OK && level > SQLITE_LOCK_SHARED) {
            if (is_others) {
                code = SQLITE_BUSY;
            } else {
                n->writer = h;
                h->level = SQLITE_LOCK_RESERVED;
            }
        }
        if (code == SQLITE_OK && level > SQLITE_LOCK_RESERVED) {
            n->is_pending = 1;
            h->level = n->shared > 1 ? SQLITE_LOCK_PENDING : SQLITE_LOCK_EXCLUSIVE;
            if (h->level < level) code = SQLITE_BUSY;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int file_unlock(sqlite3_file *file, int level) {
    handle *h = (handle *)file;
    node *n = h->node;
    pthread_mutex_lock(&lock);
    if (h->level > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED && n->writer == h) {
        n->writer = NULL;
        n->is_pending = 0;
        h->level = SQLITE_LOCK_SHARED;
    }
    if (h->level >= SQLITE_LOCK_SHARED && level == SQLITE_LOCK_NONE) {
        n->shared--;
        h->level = SQLITE_LOCK_NONE;
    }
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *file, int *is_reserved) {
    pthread_mutex_lock(&lock);
    *is_reserved = ((handle *)file)->node->writer != NULL;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    (void)file, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

// As SQLite's own VFS for Unix says of its disks.
static int file_sector_size(sqlite3_file *file) {
    (void)file;
    return 4096;
}

static int file_characteristics(sqlite3_file *file) {
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Shared memory

static int shm_map(sqlite3_file *file, int region, int size, int extends, void volatile **place) {
    handle *h = (handle *)file;
    node *n = h->node;
    int code = region < regions_max ? SQLITE_OK : SQLITE_FULL;
    pthread_mutex_lock(&lock);
    if (!h->uses_shm) n->shm_users++;
    h->uses_shm = 1;
    while (code == SQLITE_OK && extends && n->region_count <= region) {
        n->regions[n->region_count] = calloc(1, size);
        if (n->regions[n->region_count]) n->region_count++;
        else code = SQLITE_NOMEM;
    }
    *place = region < n->region_count ? n->regions[region] : NULL;
    pthread_mutex_unlock(&lock);
    return code;
}

static int shm_take(handle *h, int first, int mask, int count, int is_shared) {
    node *n = h->node;
    for (int i = first; i < first + count; i++) {
        int own = (h->shm_shared >> i) & 1;
        if (n->shm_exclusive[i] && n->shm_exclusive[i] != h) return SQLITE_BUSY;
        if (!is_shared && n->shm_shared[i] > own) return SQLITE_BUSY;
    }
    for (int i = first; i < first + count; i++) {
        if (!is_shared) n->shm_exclusive[i] = h;
        else if (!((h->shm_shared >> i) & 1)) n->shm_shared[i]++;
    }
    if (is_shared) h->shm_shared |= mask;
    else h->shm_exclusive |= mask;
    return SQLITE_OK;
}

static void shm_give(handle *h, int mask) {
    node *n = h->node;
    for (int i = 0; i < shm_locks; i++) {
        if (!((mask >> i) & 1)) continue;
        if ((h->shm_shared >> i) & 1) n->shm_shared[i]--;
        if (n->shm_exclusive[i] == h) n->shm_exclusive[i] = NULL;
    }
    h->shm_shared &= ~mask;
    h->shm_exclusive &= ~mask;
}

static int shm_lock(sqlite3_file *file, int first, int count, int flags) {
    handle *h = (handle *)file;
    int mask = ((1 << count) - 1) << first;
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    if (flags & SQLITE_SHM_UNLOCK) shm_give(h, mask);
    else code = shm_take(h, first, mask, count, flags & SQLITE_SHM_SHARED);
    pthread_mutex_unlock(&lock);
    return code;
}

static void shm_barrier(sqlite3_file *file) {
    (void)file;
    __sync_synchronize();
}

static int shm_unmap(sqlite3_file *file, int deletes) {
    (void)deletes;
    handle *h = (handle *)file;
    node *n = h->node;
    pthread_mutex_lock(&lock);
    shm_give(h, (1 << shm_locks) - 1);
    if (h->uses_shm && --n->shm_users == 0) {
        for (int i = 0; i < n->region_count; i++) free(n->regions[i]);
        n->region_count = 0;
    }
    h->uses_shm = 0;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int file_close(sqlite3_file *file) {
    handle *h = (handle *)file;
    file_unlock(file, SQLITE_LOCK_NONE);
    shm_unmap(file, 0);
    pthread_mutex_lock(&lock);
    node_release(h->node);
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

// The VFS

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *opened) {
    (void)vfs;
    handle *h = (handle *)file;
    memset(h, 0, sizeof *h);
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    if (path) {
        h->disk = disk_of(path);
        name *n = h->disk ? find(h->disk, path, flags & SQLITE_OPEN_CREATE) : NULL;
        if (!n || h->disk->is_off || (!n->seen && !(flags & SQLITE_OPEN_CREATE))) code = SQLITE_CANTOPEN;
        if (code == SQLITE_OK && !n->seen) {
            code = begin(h->disk, power_on_create, SQLITE_CANTOPEN);
            node *made = code == SQLITE_OK ? node_make() : NULL;
            if (made) point(&n->seen, made);
            else if (code == SQLITE_OK) code = SQLITE_NOMEM;
            // SQLite's own VFS syncs the folder at the first sync of a new journal, not of a new database.
            int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
            h->syncs_directory = (flags & journals) != 0;
        }
        if (code == SQLITE_OK) point(&h->node, n->seen);
    } else {
        node *made = node_make();
        if (made) point(&h->node, made);
        else code = SQLITE_NOMEM;
    }
    if (code == SQLITE_OK) {
        h->generation = h->disk ? h->disk->generation : 0;
        h->base.pMethods = &methods;
        if (opened) *opened = flags;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs_directory) {
    (void)vfs;
    pthread_mutex_lock(&lock);
    power_disk *disk = disk_of(path);
    name *n = disk ? find(disk, path, 0) : NULL;
    int code = n && n->seen ? begin(disk, power_on_delete, SQLITE_IOERR_DELETE) : SQLITE_IOERR_DELETE_NOENT;
    if (code == SQLITE_OK) {
        point(&n->seen, NULL);
        if (syncs_directory && !disk->ignores_sync) sync_names(disk);
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer) {
    (void)vfs, (void)flags;
    pthread_mutex_lock(&lock);
    power_disk *disk = disk_of(path);
    name *n = disk ? find(disk, path, 0) : NULL;
    // As for SQLite's own VFS, an empty file is as good as none.
    *answer = n && n->seen && n->seen->seen_size > 0;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int room, char *full) {
    (void)vfs;
    sqlite3_snprintf(room, full, "%s", path);
    return SQLITE_OK;
}

static sqlite3_vfs *real(sqlite3_vfs *vfs) { return vfs->pAppData; }
static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    return real(vfs)->xRandomness(real(vfs), count, bytes);
}
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { return real(vfs)->xSleep(real(vfs), microseconds); }
static int vfs_time(sqlite3_vfs *vfs, double *days) { return real(vfs)->xCurrentTime(real(vfs), days); }
static int vfs_error(sqlite3_vfs *vfs, int count, char *text) {
    return real(vfs)->xGetLastError(real(vfs), count, text);
}

static sqlite3_vfs power_vfs = {
    .iVersion = 1,
    .szOsFile = sizeof(handle),
    .mxPathname = path_max - 1,
    .zName = "power-loss",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time,
    .xGetLastError = vfs_error,
};

static void register_vfs(void) {
    sqlite3_initialize();
    power_vfs.pAppData = sqlite3_vfs_find(NULL);
    sqlite3_vfs_register(&power_vfs, 0);
}

// Switches

power_disk *power_disk_make(const char *named) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_vfs);
    power_disk *disk = calloc(1, sizeof(power_disk));
    if (!disk) return NULL;
    strncpy(disk->name, named, sizeof disk->name - 1);
    disk->off_after = disk->limit = -1;
    pthread_mutex_lock(&lock);
    disk->next = disks;
    disks = disk;
    pthread_mutex_unlock(&lock);
    return disk;
}

void power_disk_free(power_disk *disk) {
    pthread_mutex_lock(&lock);
    for (power_disk **place = &disks; *place; place = &(*place)->next) {
        if (*place != disk) continue;
        *place = disk->next;
        break;
    }
    while (disk->names) {
        name *n = disk->names;
        disk->names = n->next;
        node_release(n->seen);
        node_release(n->kept);
        free(n);
    }
    pthread_mutex_unlock(&lock);
    free(disk);
}

static void change(int64_t *place, int64_t value) {
    pthread_mutex_lock(&lock);
    *place = value;
    pthread_mutex_unlock(&lock);
}

static int64_t look(const int64_t *place) {
    pthread_mutex_lock(&lock);
    int64_t value = *place;
    pthread_mutex_unlock(&lock);
    return value;
}

void power_disk_turn_off_after(power_disk *disk, int64_t operations) { change(&disk->off_after, operations); }

int power_disk_is_off(power_disk *disk) {
    pthread_mutex_lock(&lock);
    int is_off = disk->is_off;
    pthread_mutex_unlock(&lock);
    return is_off;
}

void power_disk_fail(power_disk *disk, int operations, int code, int64_t after, int64_t times) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < rules_max; i++) {
        if (disk->rules[i].times != 0) continue;
        disk->rules[i] = (rule){operations, code, after, times};
        break;
    }
    pthread_mutex_unlock(&lock);
}

void power_disk_limit(power_disk *disk, int64_t bytes) { change(&disk->limit, bytes); }

void power_disk_lift(power_disk *disk) {
    pthread_mutex_lock(&lock);
    memset(disk->rules, 0, sizeof disk->rules);
    disk->limit = -1;
    pthread_mutex_unlock(&lock);
}

void power_disk_ignore_sync(power_disk *disk, int ignores) {
    pthread_mutex_lock(&lock);
    disk->ignores_sync = ignores;
    pthread_mutex_unlock(&lock);
}

void power_disk_slow_sync(power_disk *disk, int64_t microseconds) { change(&disk->sync_microseconds, microseconds); }

int64_t power_disk_changes(power_disk *disk) { return look(&disk->changes); }
int64_t power_disk_faults(power_disk *disk) { return look(&disk->faults); }

int64_t power_disk_bytes(power_disk *disk) {
    pthread_mutex_lock(&lock);
    int64_t bytes = bytes_of(disk);
    pthread_mutex_unlock(&lock);
    return bytes;
}
