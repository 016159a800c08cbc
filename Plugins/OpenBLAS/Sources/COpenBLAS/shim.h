#ifndef DMT_COPENBLAS_SHIM_H
#define DMT_COPENBLAS_SHIM_H

/* Debian's <cblas.h> may be another library's; its OpenBLAS keeps its own in a folder named after the threading. */
#if __has_include(<openblas-pthread/cblas.h>)
#include <openblas-pthread/cblas.h>
#elif __has_include(<openblas-openmp/cblas.h>)
#include <openblas-openmp/cblas.h>
#elif __has_include(<openblas-serial/cblas.h>)
#include <openblas-serial/cblas.h>
#elif __has_include(<openblas/cblas.h>)
#include <openblas/cblas.h>
#elif __has_include(<cblas.h>)
#include <cblas.h>
#else
#error "OpenBLAS's headers are missing: install libopenblas-dev (Debian, Ubuntu) or leave the OpenBLAS plugin out"
#endif

#ifndef OPENBLAS_CONST
#error "the cblas.h found is not OpenBLAS's: install libopenblas-dev (Debian, Ubuntu) or leave the OpenBLAS plugin out"
#endif

#endif
