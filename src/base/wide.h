// Unsigned numbers of 128 bits: the product of any two of 64.
#pragma once

namespace holdfast {

__extension__ using Wide = unsigned __int128;

}  // namespace holdfast
