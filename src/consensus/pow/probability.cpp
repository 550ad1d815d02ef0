// The gambler's ruin of whoever mines in secret. [Nakamoto §11]
#include "consensus/pow/probability.h"

#include <algorithm>
#include <cmath>

namespace holdfast::pow {

double reversal_probability(double attacker, uint64_t depth) {
    const double honest = 1 - attacker;
    if (attacker >= honest) return 1;
    if (attacker <= 0) return depth == 0 ? 1 : 0;
    const double ratio = attacker / honest;
    const double expected = static_cast<double>(depth) * ratio;  // blocks that the attacker found
    // How many he found meanwhile is Poisson's; from there he has to make up what is left.
    double found = std::exp(-expected);
    double to_make_up = std::pow(ratio, static_cast<double>(depth));
    double never = 0;
    for (uint64_t k = 0; k <= depth; ++k) {
        if (k > 0) {
            found *= expected / static_cast<double>(k);
            to_make_up /= ratio;
        }
        never += found * (1 - to_make_up);
    }
    return std::clamp(1 - never, 0.0, 1.0);
}

}  // namespace holdfast::pow
