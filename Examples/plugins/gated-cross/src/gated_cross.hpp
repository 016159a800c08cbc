// gated_cross.hpp: the modules of this plugin.
#pragma once

#include "contract.hpp"

/// `com.example.gated_cross`: layers of gated crosses; [B, ..] -> [B, N].
extern const dmt_module gated_cross_module;
/// `com.example.tower_gated_cross`: a linear layer behind them; [B, F, N] -> [B, out].
extern const dmt_module tower_module;
