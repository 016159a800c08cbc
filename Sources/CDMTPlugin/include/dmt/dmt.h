/**
 * dmt.h: the whole contract.
 */
#ifndef DMT_DMT_H
#define DMT_DMT_H

#include "backend.h"
#include "base.h"
#include "embedding.h"
#include "host.h"
#include "interconnect.h"
#include "kernel.h"
#include "module.h"
#include "operator.h"
#include "optimizer.h"
#include "partitioner.h"
#include "plugin.h"
#include "reader.h"
#include "sharding.h"
#include "update.h"

#endif
