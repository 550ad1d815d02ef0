// Numbers of 128 bits: the product of any two of 64.
#pragma once

namespace holdfast {

__extension__ using Wide = unsigned __int128;
__extension__ using Int128 = __int128;  ///< shifts and divides as the smaller ones do

}  // namespace holdfast
