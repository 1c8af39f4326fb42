// econnet/network/tutorial.py in JavaScript, function for function.
//
// X is an array of rows, y an array of 0 and 1. A layer is {W, b}: W has one row per
// input and one column per unit, b one number per unit. A gradient has the same shape.
// A test trains this and tutorial.py from the same weights and compares them.
"use strict";

const TutorialNetwork = (() => {
  const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

  const ACTIVATIONS = {
    relu: (z) => (z > 0 ? z : 0),
    sigmoid,
    tanh: Math.tanh,
  };

  const DERIVATIVES = {
    relu: (z) => (z > 0 ? 1 : 0),
    sigmoid: (z) => sigmoid(z) * (1 - sigmoid(z)),
    tanh: (z) => 1 - Math.tanh(z) ** 2,
  };

  // Return a function that draws standard normal numbers, the same ones for a seed.
  function normal(seed) {
    let state = seed >>> 0;
    const uniform = () => {
      // Mulberry32.
      state = (state + 0x6d2b79f5) >>> 0;
      let bits = Math.imul(state ^ (state >>> 15), state | 1);
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
      return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 2 ** 32;
    };
    // Box and Muller (1958).
    return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }

  // Draw random weights with standard deviation sqrt(2 / inputs); biases start at 0.
  function initialize(architecture, draw) {
    return architecture.map(({ input_dim: inputs, output_dim: outputs }) => ({
      W: Array.from({ length: inputs }, () =>
        Array.from({ length: outputs }, () => Math.sqrt(2 / inputs) * draw()),
      ),
      b: new Array(outputs).fill(0),
    }));
  }

  // Return the pre-activations A @ W + b.
  function preActivations(A, { W, b }) {
    return A.map((row) => {
      const z = b.slice();
      for (let i = 0; i < row.length; i++) {
        const weights = W[i];
        for (let u = 0; u < z.length; u++) z[u] += row[i] * weights[u];
      }
      return z;
    });
  }

  // Return the probabilities, (rows, 1), and by layer what the backward pass needs.
  function forward(X, architecture, layers) {
    let A = X;
    const caches = layers.map((layer, index) => {
      const Z = preActivations(A, layer);
      const cache = { A_before: A, Z };
      const activation = ACTIVATIONS[architecture[index].activation];
      A = Z.map((row) => row.map(activation));
      return cache;
    });
    return { probabilities: A, caches };
  }

  // Return the mean of -log(probability given to what happened), from the logits.
  function crossEntropy(logits, y) {
    let total = 0;
    logits.forEach(([z], row) => {
      total += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - y[row] * z;
    });
    return total / y.length;
  }

  // Return the gradient of the cost: W and b for each layer.
  function backward(y, architecture, layers, caches) {
    const gradient = [];
    let dZ = caches.at(-1).Z.map(([z], row) => [(sigmoid(z) - y[row]) / y.length]);
    for (let index = layers.length - 1; index >= 0; index--) {
      const { W, b } = layers[index];
      const { A_before } = caches[index];
      const dW = W.map((weights) => new Array(weights.length).fill(0));
      const db = new Array(b.length).fill(0);
      dZ.forEach((slopes, row) => {
        for (let u = 0; u < slopes.length; u++) {
          db[u] += slopes[u];
          for (let i = 0; i < dW.length; i++) dW[i][u] += A_before[row][i] * slopes[u];
        }
      });
      gradient.unshift({ W: dW, b: db });
      if (index > 0) {
        const derivative = DERIVATIVES[architecture[index - 1].activation];
        const before = caches[index - 1].Z;
        dZ = dZ.map((slopes, row) =>
          W.map((weights, i) => {
            let dA = 0;
            for (let u = 0; u < slopes.length; u++) dA += slopes[u] * weights[u];
            return dA * derivative(before[row][i]);
          }),
        );
      }
    }
    return gradient;
  }

  // Return the layers after one step of gradient descent.
  function update(layers, gradient, learningRate) {
    return layers.map(({ W, b }, index) => ({
      W: W.map((row, i) => row.map((w, u) => w - learningRate * gradient[index].W[i][u])),
      b: b.map((bias, u) => bias - learningRate * gradient[index].b[u]),
    }));
  }

  // Return the layers after as many updates as epochs, and the cost before each.
  function train(X, y, architecture, layers, epochs, learningRate) {
    const costs = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const { caches } = forward(X, architecture, layers);
      costs.push(crossEntropy(caches.at(-1).Z, y));
      layers = update(layers, backward(y, architecture, layers, caches), learningRate);
    }
    return { layers, costs };
  }

  return { ACTIVATIONS, normal, initialize, forward, crossEntropy, backward, update, train };
})();
