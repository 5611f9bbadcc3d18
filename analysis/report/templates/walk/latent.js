// The logit of one verdict as a Gaussian process: its mean and deviation at settings.
// The arithmetic is told in analysis/stability_model/export.py.
const BLOCK = 4;

class Latent {
  constructor({ lengths, additive, joint, constant, inducing, dual, reduction, scales, stretch }, widths) {
    Object.assign(this, { additive, joint, constant, scales, stretch });
    this.size = dual.length;
    this.dual = Float64Array.from(dual);
    this.rows = reduction.length;
    this.reduction = Float64Array.from(reduction.flat());
    this.groups = [];
    let column = 0;
    for (const width of widths) {
      const scaled = [];
      for (let each = column; each < column + width; each += 1) scaled.push(Float64Array.from(inducing, (row) => row[each] / lengths[each]));
      this.groups.push({ scaled, lengths: lengths.slice(column, column + width) });
      column += width;
    }
  }

  // Squared distances of one hyperparameter's value to the inducing settings.
  squared(group, columns) {
    const { scaled, lengths } = this.groups[group];
    const squares = new Float64Array(this.size);
    columns.forEach((value, column) => {
      const at = value / lengths[column];
      const points = scaled[column];
      for (let m = 0; m < this.size; m += 1) squares[m] += (at - points[m]) ** 2;
    });
    return squares;
  }

  // The covariance with each inducing setting, from the parts of the hyperparameters.
  covariance(parts, into) {
    const share = this.additive / this.groups.length;
    for (let m = 0; m < this.size; m += 1) {
      let total = 0;
      let single = 0;
      for (const part of parts) {
        total += part.squares[m];
        single += part.single[m];
      }
      const r = Math.sqrt(5 * total);
      into[m] = this.constant + share * single + this.joint * (1 + r + (r * r) / 3) * Math.exp(-r);
    }
    return into;
  }

  part(group, columns) {
    const squares = this.squared(group, columns);
    return { squares, single: squares.map((each) => Math.exp(-each / 8)) };
  }

  merged(parts) {
    const [squares, single] = [new Float64Array(this.size), new Float64Array(this.size)];
    for (const part of parts) for (let m = 0; m < this.size; m += 1) {
      squares[m] += part.squares[m];
      single[m] += part.single[m];
    }
    return { squares, single };
  }

  mean(similar) {
    let sum = 0;
    for (let m = 0; m < this.size; m += 1) sum += similar[m] * this.dual[m];
    return this.stretch * sum;
  }

  // The deviations at BLOCK places at once: most of a map's time goes here, and the reduction is read once for all of them.
  deviations([a, b, c, d]) {
    const { reduction, size, rows, scales } = this;
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let row = 0, at = 0; row < rows; row += 1) {
      let [dotA, dotB, dotC, dotD] = [0, 0, 0, 0];
      for (let m = 0; m < size; m += 1, at += 1) {
        const factor = reduction[at];
        dotA += factor * a[m];
        dotB += factor * b[m];
        dotC += factor * c[m];
        dotD += factor * d[m];
      }
      const square = scales[row] ** 2;
      sumA += square * dotA * dotA;
      sumB += square * dotB * dotB;
      sumC += square * dotC * dotC;
      sumD += square * dotD * dotD;
    }
    const whole = this.constant + this.additive + this.joint;
    return [sumA, sumB, sumC, sumD].map((known) => Math.sqrt(this.stretch * Math.max(whole - known, 1e-6)));
  }
}
