/**
 * dmt_mpi.h: MPI as plain functions. mpi.h is full of macros and handles that differ from library to library; Swift sees
 * this instead. Every function returns 0, or MPI's error class. All are called by one thread, dmt_mpi_start excepted.
 */
#ifndef DMT_MPI_H
#define DMT_MPI_H

#include <stdint.h>

/** A communicator. */
typedef struct dmt_mpi_comm dmt_mpi_comm;
/** A transfer or a reduction that is under way. */
typedef struct dmt_mpi_request dmt_mpi_request;

#define DMT_MPI_FLOAT32 0
#define DMT_MPI_FLOAT64 1
#define DMT_MPI_INT32 2
#define DMT_MPI_INT64 3

/** Joins the job. -1: the library gives no more than one thread. */
int dmt_mpi_start(int *rank, int *size);
/** Leaves the job; every rank calls it. */
int dmt_mpi_finish(void);
/** The number of each rank's host, from 0 in the order of the ranks; every rank calls it. */
int dmt_mpi_hosts(int32_t *host_of_rank);
/** A communicator among world ranks; every one of them calls it. */
int dmt_mpi_group(const int32_t *ranks, int count, int tag, dmt_mpi_comm **comm);
/** Transfers between members; at most INT32_MAX bytes. */
int dmt_mpi_send(dmt_mpi_comm *comm, const void *data, int32_t bytes, int to, int tag, dmt_mpi_request **request);
int dmt_mpi_receive(dmt_mpi_comm *comm, void *data, int32_t bytes, int from, int tag, dmt_mpi_request **request);
/** Sum (or maximum) over all members; send may equal receive. */
int dmt_mpi_reduce_all(
    dmt_mpi_comm *comm, const void *send, void *receive, int32_t count, int type, int is_maximum,
    dmt_mpi_request **request);
/** What dmt_mpi_test returns for a message of another length than was expected. */
#define DMT_MPI_OTHER_LENGTH (-2)

/** *done is 1 when it has ended; the request is gone then. */
int dmt_mpi_test(dmt_mpi_request *request, int *done);
/** Whether a message has come from any member, from whom and how long. */
int dmt_mpi_probe(dmt_mpi_comm *comm, int tag, int *found, int *from, int32_t *bytes);
/** What an error class means; static. */
const char *dmt_mpi_text(int code);

#endif
