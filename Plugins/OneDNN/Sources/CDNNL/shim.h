#ifndef DMT_CDNNL_SHIM_H
#define DMT_CDNNL_SHIM_H

#if !__has_include(<oneapi/dnnl/dnnl.h>)
#error "oneDNN's headers are missing: install libdnnl-dev (Debian, Ubuntu) or leave the OneDNN plugin out"
#endif
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#if DNNL_VERSION_MAJOR != 2
#error "this plugin is written for oneDNN 2.x (Debian 12: 2.6.3); version 3 has another interface"
#endif

#endif
