// States of a cell that a reader who sees no colors could mistake for each other.
() => {
    const look = state => {
        const cell = document.querySelector('.legend i.' + state);
        const style = getComputedStyle(cell);
        const mark = getComputedStyle(cell, '::before').content;
        const [r, g, b] = style.backgroundColor.match(/[\d.]+/g).map(Number);
        const gray = Math.round((0.2126 * r + 0.7152 * g + 0.0722 * b) / 64);
        const isFilled = style.backgroundColor !== 'rgba(0, 0, 0, 0)';
        const isHalf = style.backgroundImage !== 'none';
        return [mark === 'none' ? '' : mark, isFilled && gray, isHalf].join(' ');
    };
    const looks = ['v', 'p', 'f', 'c', 'o'].map(look);
    const problems = [];
    if (new Set(looks).size !== looks.length) problems.push('states look the same: ' + looks);
    if (!looks[2].includes('✕') || !looks[3].includes('?')) problems.push('no marks: ' + looks);
    if (getComputedStyle(document.querySelector('i')).printColorAdjust !== 'exact') {
        problems.push('colors are not printed');
    }
    return problems;
}
