// One function out of several lambdas, for std::visit.
#pragma once

namespace holdfast {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};

}  // namespace holdfast
