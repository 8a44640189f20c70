/* files: what was built, served from memory. A deploy restarts the server, so nothing is ever re-read. */
#include "files.h"
#include "crypt.h"
#include "log.h"
#include "req_inside.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MOST_BYTES (32 * 1024 * 1024)

struct file {
    const char *path; /* as asked for: "/assets/app.js" */
    const char *type;
    char *body, *gzip; /* gzip NULL: not worth it */
    size_t len, gzip_len;
    char etag[24];
    bool immutable; /* its name holds a hash of its content */
};

static struct file *files;
static size_t file_count;

static void load_one(const char *root, const char *at, const char *path, size_t size);
static void compress_one(struct file *file);

/* ---- loading ---- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

void files_load(const char *root, const char *at)
{
    char *const roots[] = {(char *)(uintptr_t)root, NULL};
    FTS *tree;
    FTSENT *entry;

    if (!*root)
        return;
    tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL); /* the root may be a link */
    while (tree && (entry = fts_read(tree))) {
        if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            die("%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info == FTS_F && entry->fts_name[0] != '.')
            load_one(root, at, entry->fts_path, (size_t)entry->fts_statp->st_size);
    }
    if (tree)
        fts_close(tree);
    if (file_count)
        qsort(files, file_count, sizeof files[0], compare_paths);
    log_event(LOG_INFO, NULL, "files_loaded", L_TEXT("root", root), L_INT("files", (long long)file_count));
}

static const char *type_of(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } TYPES[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
        {".yaml", "application/yaml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".webp", "image/webp"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < LEN(TYPES); i++)
        if (strcmp(TYPES[i].suffix, dot) == 0)
            return TYPES[i].type;
    return "application/octet-stream";
}

static char *read_whole(const char *path, size_t size)
{
    char *bytes = malloc(size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = 1;

    if (!bytes || size > MOST_BYTES)
        die("%s is too large", path);
    while (fd >= 0 && len < size && got > 0)
        if ((got = read(fd, bytes + len, size - len)) > 0)
            len += (size_t)got;
    if (fd < 0 || len != size)
        die("%s: cannot be read", path);
    close(fd);
    bytes[size] = '\0';
    return bytes;
}

static void load_one(const char *root, const char *at, const char *path, size_t size)
{
    size_t root_len = strlen(root), room = strlen(at) + strlen(path) + 1;
    char *name = malloc(room);
    uint8_t hash[CRYPT_MAC];
    char tag[17];
    struct file *file;

    files = realloc(files, (file_count + 1) * sizeof files[0]);
    if (!files || !name)
        die("no memory");
    file = &files[file_count++];
    while (root_len && root[root_len - 1] == '/')
        root_len--;
    snprintf(name, room, "%s%s", at, path + root_len);
    *file = (struct file){.path = name, .type = type_of(path), .len = size};
    file->body = read_whole(path, size);
    file->immutable = strncmp(path + root_len, "/assets/", 8) == 0;
    crypt_hash(file->body, size, hash);
    text_hex(hash, 8, tag);
    snprintf(file->etag, sizeof file->etag, "\"%s\"", tag);
    if (strncmp(file->type, "image/", 6) != 0 || strcmp(file->type, "image/svg+xml") == 0)
        compress_one(file);
}

static void compress_one(struct file *file)
{
    z_stream z = {.next_in = (Bytef *)file->body, .avail_in = (uInt)file->len};
    uLong room;

    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        die("zlib failed");
    room = deflateBound(&z, file->len);
    file->gzip = malloc(room);
    z.next_out = (Bytef *)file->gzip;
    z.avail_out = (uInt)room;
    if (!file->gzip || deflate(&z, Z_FINISH) != Z_STREAM_END)
        die("zlib failed");
    file->gzip_len = z.total_out;
    deflateEnd(&z);
    if (file->gzip_len + 64 > file->len) {
        free(file->gzip);
        file->gzip = NULL;
    }
}

/* ---- serving ---- */

const struct file *files_find(const char *path)
{
    struct file wanted = {.path = strcmp(path, "/") == 0 ? "/index.html" : path};

    return file_count ? bsearch(&wanted, files, file_count, sizeof files[0], compare_paths) : NULL;
}

/* "gzip" as one of the codings and not switched off by q=0 (RFC 9110 §12.5.3). */
static bool takes_gzip(const char *accept)
{
    const char *at = accept ? strstr(accept, "gzip") : NULL;
    const char *quality;

    if (!at || (at > accept && !strchr(" ,\t", at[-1])) || (at[4] && !strchr(" ,;\t", at[4])))
        return false;
    quality = at + 4 + strspn(at + 4, " ;\t");
    if (strncmp(quality, "q=0", 3) != 0)
        return true;
    return quality[3] == '.' && strspn(quality + 4, "0") != strspn(quality + 4, "0123456789");
}

void files_reply(struct req *rq, const struct file *file)
{
    const char *known = req_header(rq, "if-none-match");
    bool gzip = file->gzip && takes_gzip(req_header(rq, "accept-encoding"));

    if (file->immutable)
        req_set_static_header(rq, "Cache-Control", "public, max-age=31536000, immutable");
    req_set_static_header(rq, "ETag", file->etag);
    if (file->gzip)
        req_set_static_header(rq, "Vary", "Accept-Encoding");
    if (known && strstr(known, file->etag)) {
        req_reply_empty(rq, 304);
        return;
    }
    if (gzip)
        req_set_static_header(rq, "Content-Encoding", "gzip");
    req_reply_static(rq, 200, file->type, gzip ? file->gzip : file->body, gzip ? file->gzip_len : file->len);
}
