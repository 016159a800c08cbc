/*
 * A backend that serves `linear` with zeros until it crashes: -DWHERE=N says in what, -DAFTER=N in which call of it, from 1.
 * The names stand in CrashTests.swift.
 */
#define _GNU_SOURCE
#include "fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE 0
#define BIND 1
#define FORWARD 2
#define BACKWARD 3
/* In a body of parallel_for, on whichever thread runs its last piece. */
#define BODY 4
/* Frames without end. */
#define STACK 5
/* On a thread that the plugin started, which it should not. */
#define OWN_THREAD 6
/* abort, as C++ does when nobody catches. */
#define ABORTING 7

#ifndef AFTER
#define AFTER 1
#endif

static const dmt_host *host;
static const dmt_parallel *parallel;
static int calls;

static void crash(void) {
    volatile int *nowhere = (volatile int *)16;
    *nowhere = 1;
}

__attribute__((noinline, unused)) static int dig(int depth) {
    volatile char frame[4096];
    frame[depth & 4095] = (char)depth;
    return depth < 0 ? 0 : dig(depth + 1) + frame[0];
}

__attribute__((unused)) static void *crash_on_thread(void *argument) {
    (void)argument;
    crash();
    return NULL;
}

__attribute__((unused)) static void crash_in_last_piece(void *argument, int64_t begin, int64_t end, int32_t worker) {
    (void)begin;
    (void)worker;
    if (end == *(const int64_t *)argument) crash();
}

static void misbehave(int here) {
    if (here != WHERE && !(here == FORWARD && WHERE > BACKWARD)) return;
    if (++calls < AFTER) return;
#if WHERE == BIND || WHERE == FORWARD || WHERE == BACKWARD
    crash();
#elif WHERE == BODY
    int64_t count = 1000;
    parallel->parallel_for(parallel->ctx, count, 1, crash_in_last_piece, &count);
#elif WHERE == STACK
    dig(1);
#elif WHERE == OWN_THREAD
    pthread_t thread;
    pthread_create(&thread, NULL, crash_on_thread, NULL);
    pthread_join(thread, NULL);
#elif WHERE == ABORTING
    abort();
#endif
}

/* Elements of the output, the input and both parameters. */
typedef struct plan {
    int64_t output, input, parameters[2];
    int32_t parameter_count;
} plan;

static int64_t elements(const dmt_tensor *tensor) {
    int64_t count = 1;
    for (int32_t i = 0; i < tensor->ndim; i++) count *= tensor->shape[i];
    return count;
}

static dmt_status supports(void *ctx, const dmt_kernel_request *request, dmt_support *support) {
    (void)ctx;
    int is_linear = request->op.size == 6 && memcmp(request->op.data, "linear", 6) == 0;
    support->score = is_linear ? 100 : 0;
    support->reason = (dmt_str)TEXT("zeros, and a crash");
    return DMT_OK;
}

static dmt_status bind(void *ctx, const dmt_kernel_request *request, dmt_kernel_plan *answer) {
    (void)ctx;
    misbehave(BIND);
    plan *made = calloc(1, sizeof *made);
    if (!made) return DMT_RESOURCE_EXHAUSTED;
    made->output = elements(&request->outputs[0]);
    made->input = elements(&request->inputs[0]);
    made->parameter_count = request->parameter_count < 2 ? request->parameter_count : 2;
    for (int32_t i = 0; i < made->parameter_count; i++) made->parameters[i] = elements(&request->parameters[i]);
    answer->handle = made;
    return DMT_OK;
}

static dmt_status forward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    misbehave(FORWARD);
    memset(call->outputs[0], 0, (size_t)bound->output * sizeof(float));
    return DMT_OK;
}

static dmt_status backward(void *handle, const dmt_kernel_call *call) {
    const plan *bound = handle;
    misbehave(BACKWARD);
    if (call->grad_inputs[0] && !(call->accumulate_inputs & 1)) {
        memset(call->grad_inputs[0], 0, (size_t)bound->input * sizeof(float));
    }
    for (int32_t i = 0; i < bound->parameter_count; i++) {
        if (!call->grad_parameters[i] || call->accumulate_parameters >> i & 1) continue;
        memset(call->grad_parameters[i], 0, (size_t)bound->parameters[i] * sizeof(float));
    }
    return DMT_OK;
}

static const dmt_kernels kernels = {
    .struct_size = sizeof(dmt_kernels), .supports = supports, .bind = bind, .forward = forward, .backward = backward,
    .release = free};
static const dmt_backend backend = {.struct_size = sizeof(dmt_backend), .revision = 1, .kernels = &kernels};
static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_BACKEND), .id = TEXT("trapping"),
    .summary = TEXT("Zeros, and a crash.")};
static const dmt_component *const components[] = {&component};
static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.trapping", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1,
    .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    parallel = host->get_service(host->ctx, (dmt_str)TEXT(DMT_SERVICE_PARALLEL));
    return parallel ? DMT_OK : DMT_UNAVAILABLE;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    (void)kind;
    return revision == 1 && id.size == 8 && memcmp(id.data, "trapping", 8) == 0 ? &backend : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
