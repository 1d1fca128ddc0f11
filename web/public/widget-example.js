const told = document.querySelector("#told");
const cart = document.querySelector("#cart");
let inCart = 0;

for (const name of ["akin-results", "akin-open", "akin-cart", "akin-problem"]) {
  document.addEventListener(name, (event) => {
    const line = document.createElement("li");
    line.textContent = `${name}: ${JSON.stringify(event.detail).slice(0, 160)}`;
    told.prepend(line);
    if (name === "akin-cart") cart.textContent = `Cart: ${(inCart += 1)}`;
  });
}
