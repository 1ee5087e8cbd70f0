/* CUDA's driver on the memory of the processor: what the runner's tests run on where there is no GPU.
 *
 * It is stricter than the real one. A stream defers its work until somebody waits for it, so a missing
 * wait shows as stale outputs. A device's addresses carry a mark, so that one given to the processor, or
 * the reverse, does not work by accident. Asynchronous copies must be page-locked and within their
 * allocations. Every call that needs a context fails without one.
 *
 * Tests turn its switches with fake_cuda_set and read its counters with fake_cuda_get. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Result;
typedef unsigned long long Address;
typedef void (*HostFunction)(void *);
enum {
    SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALISED = 3, NO_DEVICE = 100,
    INVALID_DEVICE = 101, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, LAUNCH_FAILED = 719,
    NOT_PERMITTED = 800, NOT_SUPPORTED = 801, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901,
};

/* ---- switches and counters ---- */
static struct { const char *name; long value; } switches[] = {
    {"devices", 1},         /* how many there are */
    {"integrated", 0},      /* whether it shares the processor's memory */
    {"memory", 1L << 33},   /* bytes of the device */
    {"refuse_capture", 0},  /* kernels cannot be captured */
    {"lose_after", -1},     /* waits until the device is lost; negative: never */
    {"lost", 0},            /* it is lost: all but freeing fails */
    {"device_bytes", 0}, {"host_bytes", 0}, {"allocations", 0}, {"streams", 0}, {"graphs", 0},
    {"retained", 0}, {"copies", 0}, {"kernels", 0}, {"graph_launches", 0}, {"contexts", 0},
};
static long *at(const char *name) {
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (!strcmp(switches[i].name, name)) return &switches[i].value;
    fprintf(stderr, "fake_cuda: no switch %s\n", name);
    abort();
}
void fake_cuda_set(const char *name, long value) { *at(name) = value; }
long fake_cuda_get(const char *name) { return *at(name); }

/* ---- contexts: a stack a thread ---- */
static int initialised;
static int primary;
static __thread void *stack[64];
static __thread int depth;
static Result ready(void) {
    if (!initialised) return NOT_INITIALISED;
    if (!depth) return INVALID_CONTEXT;
    return *at("lost") ? LAUNCH_FAILED : SUCCESS;
}
#define NEEDS_CONTEXT do { Result r_ = ready(); if (r_) return r_; } while (0)

Result cuInit(unsigned flags) {
    if (!*at("devices")) return NO_DEVICE;
    initialised = 1;
    return SUCCESS;
}
Result cuDriverGetVersion(int *version) { *version = 12060; return SUCCESS; }
Result cuGetErrorString(Result error, const char **text) {
    *text = error == OUT_OF_MEMORY         ? "out of memory"
            : error == NO_DEVICE           ? "no CUDA-capable device is detected"
            : error == INVALID_CONTEXT     ? "invalid device context"
            : error == LAUNCH_FAILED       ? "unspecified launch failure"
            : error == NOT_SUPPORTED       ? "operation not supported"
            : error == CAPTURE_UNSUPPORTED ? "operation not permitted when stream is capturing"
            : error == CAPTURE_INVALIDATED ? "operation failed due to a previous error during capture"
                                           : "invalid argument";
    return SUCCESS;
}
Result cuGetErrorName(Result error, const char **text) { return cuGetErrorString(error, text); }
Result cuDeviceGetCount(int *count) { *count = (int)*at("devices"); return SUCCESS; }
Result cuDeviceGet(int *device, int ordinal) {
    if (!initialised) return NOT_INITIALISED;
    if (ordinal >= *at("devices")) return INVALID_DEVICE;
    *device = ordinal;
    return SUCCESS;
}
Result cuDeviceGetName(char *name, int length, int device) {
    snprintf(name, length, "Imaginary");
    return SUCCESS;
}
Result cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = *at("memory"); return SUCCESS; }
Result cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75   ? 8 /* compute capability, major and minor */
             : attribute == 76 ? 7
             : attribute == 18 ? (int)*at("integrated")
             : attribute == 19 ? 1 /* can map host memory */
                               : 1;
    return SUCCESS;
}
Result cuDeviceComputeCapability(int *major, int *minor, int device) {
    *major = 8, *minor = 7;
    return SUCCESS;
}
Result cuDevicePrimaryCtxRetain(void **context, int device) {
    if (!initialised) return NOT_INITIALISED;
    ++*at("retained");
    *context = &primary;
    return SUCCESS;
}
Result cuDevicePrimaryCtxRelease_v2(int device) { --*at("retained"); return SUCCESS; }
Result cuCtxCreate_v2(void **context, unsigned flags, int device) {
    if (!initialised) return NOT_INITIALISED;
    ++*at("contexts");
    stack[depth++] = *context = malloc(1);
    return SUCCESS;
}
Result cuCtxCreate_v4(void **context, void *parameters, unsigned flags, int device) {
    return cuCtxCreate_v2(context, flags, device);
}
/* Of a context that was created; a primary one is released instead. */
Result cuCtxDetach(void *context) {
    if (context == &primary) return INVALID_CONTEXT;
    if (depth && stack[depth - 1] == context) --depth;
    --*at("contexts");
    free(context);
    return SUCCESS;
}
Result cuCtxDestroy_v2(void *context) { --*at("contexts"); free(context); return SUCCESS; }
Result cuCtxPushCurrent_v2(void *context) {
    if (depth == 64) return INVALID_VALUE;
    stack[depth++] = context;
    return SUCCESS;
}
Result cuCtxPopCurrent_v2(void **context) {
    if (!depth) return INVALID_CONTEXT;
    --depth;
    if (context) *context = stack[depth];
    return SUCCESS;
}
Result cuCtxGetCurrent(void **context) { *context = depth ? stack[depth - 1] : 0; return SUCCESS; }
Result cuCtxGetDevice(int *device) { *device = 0; return depth ? SUCCESS : INVALID_CONTEXT; }
Result cuCtxGetApiVersion(void *context, unsigned *version) { *version = 12060; return SUCCESS; }
Result cuCtxSynchronize(void) { return ready(); }

/* ---- memory: what is allocated, and the mark of a device's address ---- */
#define MARK (1ULL << 60)
typedef struct Block { char *base; size_t size; int on_device, mapped; struct Block *next; } Block;
static Block *blocks;
static Block *find(const void *place, size_t size) {
    for (Block *b = blocks; b; b = b->next)
        if ((char *)place >= b->base && (char *)place + size <= b->base + b->size) return b;
    return 0;
}
/* Where a device's address lies in the processor's memory; nothing if it is none. */
void *fake_cuda_host(Address address, size_t size) {
    void *place = (void *)(address & ~MARK);
    Block *b = address & MARK ? find(place, size) : 0;
    return b && (b->on_device || b->mapped) ? place : 0;
}
static Result allocate(void **place, size_t size, int on_device, int mapped) {
    NEEDS_CONTEXT;
    long *bytes = at(on_device ? "device_bytes" : "host_bytes");
    if (on_device && *bytes + (long)size > *at("memory")) return OUT_OF_MEMORY;
    Block *b = malloc(sizeof *b);
    *b = (Block){malloc(size), size, on_device, mapped, blocks};
    memset(b->base, 0xA5, size);
    blocks = b, *bytes += size, ++*at("allocations");
    *place = b->base;
    return SUCCESS;
}
static Result release(void *place, int on_device) {
    for (Block **link = &blocks; *link; link = &(*link)->next)
        if ((*link)->base == place && (*link)->on_device == on_device) {
            Block *b = *link;
            *link = b->next;
            *at(on_device ? "device_bytes" : "host_bytes") -= b->size;
            free(b->base), free(b);
            return SUCCESS;
        }
    return INVALID_VALUE;
}
Result cuMemAlloc_v2(Address *address, size_t size) {
    void *place;
    Result result = allocate(&place, size, 1, 0);
    if (!result) *address = (Address)place | MARK;
    return result;
}
Result cuMemFree_v2(Address address) { return release((void *)(address & ~MARK), 1); }
Result cuMemHostAlloc(void **place, size_t size, unsigned flags) {
    return allocate(place, size, 0, flags & 2);
}
Result cuMemFreeHost(void *place) { return release(place, 0); }
Result cuMemHostGetDevicePointer_v2(Address *address, void *place, unsigned flags) {
    Block *b = find(place, 1);
    if (!b || !b->mapped) return INVALID_VALUE;
    *address = (Address)place | MARK;
    return SUCCESS;
}
Result cuMemGetInfo_v2(size_t *free_bytes, size_t *total) {
    *total = *at("memory"), *free_bytes = *total - *at("device_bytes");
    return SUCCESS;
}

/* ---- streams: lists of work; graphs: lists that were captured ---- */
typedef struct Work { void *to; const void *from; size_t size; HostFunction call; void *data; struct Work *next; } Work;
typedef struct { Work *work; int capturing, invalid; Work *captured; } Stream;
typedef struct { Work *work; } Graph;

static void append(Work **list, Work item) {
    while (*list) list = &(*list)->next;
    *list = malloc(sizeof item);
    **list = item, (*list)->next = 0;
}
static void drop(Work **list) {
    for (Work *next; *list; *list = next) next = (*list)->next, free(*list);
}
static Result enqueue(Stream *stream, Work item) {
    append(stream->capturing ? &stream->captured : &stream->work, item);
    return SUCCESS;
}
static void perform(Work **list) {
    for (Work *item = *list; item; item = item->next)
        if (item->call) ++*at("kernels"), item->call(item->data);
        else ++*at("copies"), memcpy(item->to, item->from, item->size);
    drop(list);
}
static Result copy(Address device, void *host, size_t size, int upload, Stream *stream) {
    NEEDS_CONTEXT;
    void *place = fake_cuda_host(device, size);
    if (!place || !find(host, size)) return INVALID_VALUE; /* not page-locked, or out of bounds */
    return enqueue(stream, upload ? (Work){place, host, size} : (Work){host, place, size});
}
Result cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t size, Stream *stream) {
    return copy(to, (void *)from, size, 1, stream);
}
Result cuMemcpyDtoHAsync_v2(void *to, Address from, size_t size, Stream *stream) {
    return copy(from, to, size, 0, stream);
}
/* What stands for a kernel. */
Result cuLaunchHostFunc(Stream *stream, HostFunction call, void *data) {
    NEEDS_CONTEXT;
    if (stream->capturing && *at("refuse_capture")) {
        stream->invalid = 1;
        return CAPTURE_UNSUPPORTED;
    }
    return enqueue(stream, (Work){.call = call, .data = data});
}
Result cuStreamCreate(Stream **stream, unsigned flags) {
    NEEDS_CONTEXT;
    ++*at("streams");
    *stream = calloc(1, sizeof **stream);
    return SUCCESS;
}
Result cuStreamDestroy_v2(Stream *stream) {
    drop(&stream->work), drop(&stream->captured);
    free(stream), --*at("streams");
    return SUCCESS;
}
Result cuStreamSynchronize(Stream *stream) {
    NEEDS_CONTEXT;
    if (stream->capturing) return CAPTURE_UNSUPPORTED;
    if (*at("lose_after") == 0) *at("lost") = 1;
    if (*at("lose_after") >= 0) --*at("lose_after");
    if (*at("lost")) return LAUNCH_FAILED;
    perform(&stream->work);
    return SUCCESS;
}
Result cuStreamBeginCapture_v2(Stream *stream, int mode) {
    NEEDS_CONTEXT;
    stream->capturing = 1, stream->invalid = 0;
    return SUCCESS;
}
Result cuStreamEndCapture(Stream *stream, Graph **graph) {
    if (!stream->capturing) return INVALID_VALUE;
    stream->capturing = 0, *graph = 0;
    if (stream->invalid) {
        drop(&stream->captured);
        return CAPTURE_INVALIDATED;
    }
    *graph = calloc(1, sizeof **graph), ++*at("graphs");
    (*graph)->work = stream->captured, stream->captured = 0;
    return SUCCESS;
}
Result cuGraphInstantiateWithFlags(Graph **executable, Graph *graph, unsigned long long flags) {
    NEEDS_CONTEXT;
    *executable = calloc(1, sizeof **executable), ++*at("graphs");
    for (Work *item = graph->work; item; item = item->next) append(&(*executable)->work, *item);
    return SUCCESS;
}
Result cuGraphLaunch(Graph *executable, Stream *stream) {
    NEEDS_CONTEXT;
    ++*at("graph_launches");
    for (Work *item = executable->work; item; item = item->next) enqueue(stream, *item);
    return SUCCESS;
}
Result cuGraphDestroy(Graph *graph) {
    drop(&graph->work), free(graph), --*at("graphs");
    return SUCCESS;
}
Result cuGraphExecDestroy(Graph *executable) { return cuGraphDestroy(executable); }
