"""Operators of ONNX that a model may have: plain arithmetic, and models of the `ai.onnx.ml` set.

A closed list. Not on it: operators that draw random numbers, read or decode other files, work on
texts beyond looking them up, or come from anywhere but the two standard sets.
"""

from __future__ import annotations

_ARITHMETIC = """
Abs Add And ArgMax ArgMin BatchNormalization Cast CastLike Ceil Celu Clip Concat Constant
ConstantOfShape Conv ConvTranspose Cos CumSum Div Dropout Elu Equal Erf Exp Expand Flatten Floor
GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
GroupNormalization HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN
LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization MatMul Max
MaxPool AveragePool Mean Min Mish Mod Mul Neg Not Or PRelu Pad Pow RNN Reciprocal ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
Relu Reshape Round Scan ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Size Slice
Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Tile TopK Transpose
Trilu Unsqueeze Where Xor EyeLike Range NonZero OneHot
"""
_LEARNED = """
ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder
LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler
TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
"""
KNOWN = frozenset(_ARITHMETIC.split()) | {f"ai.onnx.ml:{name}" for name in _LEARNED.split()}
INSTANCE = frozenset({"ai.onnx.ml:SVMClassifier", "ai.onnx.ml:SVMRegressor"})
"""Operators that are made of examples of the training data."""
TREES = frozenset({"ai.onnx.ml:TreeEnsembleClassifier", "ai.onnx.ml:TreeEnsembleRegressor"})
LINEAR = frozenset({"ai.onnx.ml:LinearClassifier", "ai.onnx.ml:LinearRegressor"})
BESIDE_LINEAR = frozenset(
    {"ai.onnx.ml:ZipMap", "ai.onnx.ml:Normalizer", "ai.onnx.ml:Scaler", "Cast", "Identity",
     "Softmax", "Sigmoid", "Reshape", "ArgMax", "ai.onnx.ml:ArrayFeatureExtractor", "Sub", "Concat",
     "Constant"}
)  # fmt: skip
"""Operators beside which a linear one is still a linear model."""
