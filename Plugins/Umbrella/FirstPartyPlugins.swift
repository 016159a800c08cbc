// A package needs a target to pull products in; this one holds nothing, its dependencies are the point.
