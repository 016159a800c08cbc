#ifndef DMT_CMPI_SHIM_H
#define DMT_CMPI_SHIM_H

/*
 * MPI for Swift: its handles and constants are macros, whose types differ between implementations. Handles are wrapped in
 * structs, constants are functions, and everything moves bytes.
 */

#if __has_include(<mpi/mpi.h>)
#include <mpi/mpi.h>
#elif __has_include(<mpi.h>)
#include <mpi.h>
#else
#error "MPI's headers are missing: install libopenmpi-dev (Debian, Ubuntu) or leave the InterconnectMPI plugin out"
#endif

typedef struct dmt_mpi_comm {
    MPI_Comm handle;
} dmt_mpi_comm;

typedef struct dmt_mpi_request {
    MPI_Request handle;
} dmt_mpi_request;

/* What became of a message: who sent it, how many bytes came, and MPI's error. */
typedef struct dmt_mpi_completion {
    int index;
    int source;
    int bytes;
    int error;
} dmt_mpi_completion;

static inline int dmt_mpi_success(void) { return MPI_SUCCESS; }
static inline int dmt_mpi_is_truncation(int code) {
    int kind = MPI_SUCCESS;
    MPI_Error_class(code, &kind);
    return kind == MPI_ERR_TRUNCATE;
}
static inline int dmt_mpi_any_source(void) { return MPI_ANY_SOURCE; }
static inline int dmt_mpi_error_size(void) { return MPI_MAX_ERROR_STRING; }

/* Calls of one thread at a time, from any. Errors are returned from here on. */
static inline int dmt_mpi_init(int *is_serialized) {
    int provided = MPI_THREAD_SINGLE;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    *is_serialized = provided >= MPI_THREAD_SERIALIZED;
    if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    return code;
}

static inline dmt_mpi_comm dmt_mpi_world(void) {
    dmt_mpi_comm world = {MPI_COMM_WORLD};
    return world;
}

static inline int dmt_mpi_size(dmt_mpi_comm comm, int *size) { return MPI_Comm_size(comm.handle, size); }
static inline int dmt_mpi_rank(dmt_mpi_comm comm, int *rank) { return MPI_Comm_rank(comm.handle, rank); }

/* Another communicator of the same ranks, whose errors are returned. */
static inline int dmt_mpi_duplicate(dmt_mpi_comm comm, dmt_mpi_comm *result) {
    int code = MPI_Comm_dup(comm.handle, &result->handle);
    return code != MPI_SUCCESS ? code : MPI_Comm_set_errhandler(result->handle, MPI_ERRORS_RETURN);
}

/* A communicator of some of the ranks; they alone call it. */
static inline int dmt_mpi_create(dmt_mpi_comm comm, const int *ranks, int count, int tag, dmt_mpi_comm *result) {
    MPI_Group all, some;
    int code = MPI_Comm_group(comm.handle, &all);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Group_incl(all, count, ranks, &some);
    MPI_Group_free(&all);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Comm_create_group(comm.handle, some, tag, &result->handle);
    MPI_Group_free(&some);
    return code != MPI_SUCCESS ? code : MPI_Comm_set_errhandler(result->handle, MPI_ERRORS_RETURN);
}

static inline int dmt_mpi_gather(const void *own, int bytes, void *all, dmt_mpi_comm comm) {
    return MPI_Allgather(own, bytes, MPI_BYTE, all, bytes, MPI_BYTE, comm.handle);
}

static inline int dmt_mpi_send(
    const void *data, int bytes, int rank, int tag, dmt_mpi_comm comm, dmt_mpi_request *request) {
    return MPI_Isend(data, bytes, MPI_BYTE, rank, tag, comm.handle, &request->handle);
}

static inline int dmt_mpi_receive(
    void *data, int bytes, int rank, int tag, dmt_mpi_comm comm, dmt_mpi_request *request) {
    return MPI_Irecv(data, bytes, MPI_BYTE, rank, tag, comm.handle, &request->handle);
}

/*
 * What is done of the requests, without waiting; a request that is done becomes empty. indices and statuses are the
 * caller's room for `count` of each.
 */
static inline int dmt_mpi_test(
    dmt_mpi_request *requests, int count, int *indices, MPI_Status *statuses, dmt_mpi_completion *completions,
    int *completed) {
    _Static_assert(sizeof(dmt_mpi_request) == sizeof(MPI_Request), "a wrapped request is a request");
    *completed = 0;
    int code = MPI_Testsome(count, &requests->handle, completed, indices, statuses);
    if (*completed == MPI_UNDEFINED) *completed = 0;
    if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) return code;
    for (int i = 0; i < *completed; i++) {
        dmt_mpi_completion *it = completions + i;
        it->index = indices[i];
        it->source = statuses[i].MPI_SOURCE;
        it->error = code == MPI_ERR_IN_STATUS ? statuses[i].MPI_ERROR : MPI_SUCCESS;
        it->bytes = 0;
        if (it->error == MPI_SUCCESS) MPI_Get_count(&statuses[i], MPI_BYTE, &it->bytes);
    }
    return MPI_SUCCESS;
}

static inline int dmt_mpi_cancel(dmt_mpi_request *request) { return MPI_Cancel(&request->handle); }

static inline int dmt_mpi_is_empty(dmt_mpi_request request) { return request.handle == MPI_REQUEST_NULL; }

#endif
