#include "dmt_mpi.h"

#include <dlfcn.h>
#include <mpi/mpi.h>
#include <stdlib.h>
#include <string.h>

struct dmt_mpi_comm {
    MPI_Comm comm;
};

struct dmt_mpi_request {
    MPI_Request request;
    /* Bytes that a receive waits for; -1: no receive. */
    int32_t expected;
    dmt_mpi_request *next;
};

/* Requests are used again; one thread calls. */
static dmt_mpi_request *spare_requests;

static dmt_mpi_request *new_request(void) {
    dmt_mpi_request *request = spare_requests;
    if (request != NULL) {
        spare_requests = request->next;
        return request;
    }
    return malloc(sizeof *request);
}

static void free_request(dmt_mpi_request *request) {
    request->next = spare_requests;
    spare_requests = request;
}

static int class_of(int code) {
    if (code == MPI_SUCCESS) return 0;
    int class = MPI_ERR_OTHER;
    MPI_Error_class(code, &class);
    return class;
}

static int kept(int code, dmt_mpi_request *request, int32_t expected, dmt_mpi_request **out) {
    if (code != MPI_SUCCESS) {
        free_request(request);
        return class_of(code);
    }
    request->expected = expected;
    *out = request;
    return 0;
}

int dmt_mpi_start(int *rank, int *size) {
    /* Open MPI's components take its symbols from the whole process; a plugin is loaded with its symbols kept apart. */
    if (dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) == NULL) {
        dlopen("libmpi.so", RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    }
    int is_there = 0, provided = 0;
    MPI_Initialized(&is_there);
    int code = is_there ? MPI_Query_thread(&provided) : MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (code != MPI_SUCCESS) return class_of(code);
    if (provided < MPI_THREAD_SERIALIZED) return -1;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, size);
    return class_of(code);
}

int dmt_mpi_finish(void) {
    int is_over = 0;
    MPI_Finalized(&is_over);
    return is_over ? 0 : class_of(MPI_Finalize());
}

int dmt_mpi_hosts(int32_t *host_of_rank) {
    enum { width = MPI_MAX_PROCESSOR_NAME };
    int size = 0, length = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    char own[width];
    memset(own, 0, sizeof own);
    int code = MPI_Get_processor_name(own, &length);
    char *all = malloc((size_t)size * width);
    if (all == NULL) return MPI_ERR_OTHER;
    if (code == MPI_SUCCESS) code = MPI_Allgather(own, width, MPI_CHAR, all, width, MPI_CHAR, MPI_COMM_WORLD);
    int32_t hosts = 0;
    for (int rank = 0; rank < size && code == MPI_SUCCESS; rank++) {
        host_of_rank[rank] = -1;
        for (int earlier = 0; earlier < rank; earlier++) {
            if (memcmp(all + (size_t)rank * width, all + (size_t)earlier * width, width) == 0) {
                host_of_rank[rank] = host_of_rank[earlier];
                break;
            }
        }
        if (host_of_rank[rank] < 0) host_of_rank[rank] = hosts++;
    }
    free(all);
    return class_of(code);
}

int dmt_mpi_group(const int32_t *ranks, int count, int tag, dmt_mpi_comm **comm) {
    MPI_Group world, group;
    dmt_mpi_comm *made = malloc(sizeof *made);
    if (made == NULL) return MPI_ERR_OTHER;
    int code = MPI_Comm_group(MPI_COMM_WORLD, &world);
    if (code == MPI_SUCCESS) {
        code = MPI_Group_incl(world, count, ranks, &group);
        if (code == MPI_SUCCESS) {
            code = MPI_Comm_create_group(MPI_COMM_WORLD, group, tag, &made->comm);
            MPI_Group_free(&group);
        }
        MPI_Group_free(&world);
    }
    if (code != MPI_SUCCESS) {
        free(made);
        return class_of(code);
    }
    MPI_Comm_set_errhandler(made->comm, MPI_ERRORS_RETURN);
    *comm = made;
    return 0;
}

int dmt_mpi_send(dmt_mpi_comm *comm, const void *data, int32_t bytes, int to, int tag, dmt_mpi_request **request) {
    dmt_mpi_request *made = new_request();
    if (made == NULL) return MPI_ERR_OTHER;
    return kept(MPI_Isend(data, bytes, MPI_BYTE, to, tag, comm->comm, &made->request), made, -1, request);
}

int dmt_mpi_receive(dmt_mpi_comm *comm, void *data, int32_t bytes, int from, int tag, dmt_mpi_request **request) {
    dmt_mpi_request *made = new_request();
    if (made == NULL) return MPI_ERR_OTHER;
    return kept(MPI_Irecv(data, bytes, MPI_BYTE, from, tag, comm->comm, &made->request), made, bytes, request);
}

int dmt_mpi_reduce_all(
    dmt_mpi_comm *comm, const void *send, void *receive, int32_t count, int type, int is_maximum,
    dmt_mpi_request **request) {
    MPI_Datatype types[] = {MPI_FLOAT, MPI_DOUBLE, MPI_INT32_T, MPI_INT64_T};
    dmt_mpi_request *made = new_request();
    if (made == NULL) return MPI_ERR_OTHER;
    const void *source = send == receive ? MPI_IN_PLACE : send;
    return kept(
        MPI_Iallreduce(
            source, receive, count, types[type], is_maximum ? MPI_MAX : MPI_SUM, comm->comm, &made->request),
        made, -1, request);
}

int dmt_mpi_test(dmt_mpi_request *request, int *done) {
    MPI_Status status;
    int code = MPI_Test(&request->request, done, &status), result = class_of(code);
    if (code != MPI_SUCCESS) *done = 1;
    if (*done) {
        int bytes = 0;
        if (result == MPI_ERR_TRUNCATE) result = DMT_MPI_OTHER_LENGTH;
        if (result == 0 && request->expected >= 0 && MPI_Get_count(&status, MPI_BYTE, &bytes) == MPI_SUCCESS &&
            bytes != request->expected) {
            result = DMT_MPI_OTHER_LENGTH;
        }
        free_request(request);
    }
    return result;
}

int dmt_mpi_probe(dmt_mpi_comm *comm, int tag, int *found, int *from, int32_t *bytes) {
    MPI_Status status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, tag, comm->comm, found, &status);
    if (code == MPI_SUCCESS && *found) {
        *from = status.MPI_SOURCE;
        code = MPI_Get_count(&status, MPI_BYTE, bytes);
    }
    return class_of(code);
}

const char *dmt_mpi_text(int code) {
    static char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "an error that MPI has no words for";
    return text;
}
